/** Workflows for people to steer at any moment: what they are made of waits, fails, is undone, or is made of other runs. */
import { EffectResult } from '../../../src/core/effect.ts';
import { WorkflowError } from '../../../src/core/errors.ts';
import { agent, flow, type LooseStep } from '../../support/flow.ts';
import { after, type MockCall } from '../../support/mocks.ts';
import type { Flow } from '../tested-flow.ts';

const down = (): never => {
  throw new WorkflowError('AGENT_ERROR', 'status 503', { details: { status: 503 }, retryable: false });
};
const busy = (): never => {
  throw new WorkflowError('AGENT_ERROR', 'status 503', { details: { status: 503 } });
};

/** A step that another undoes: `<id>-compensate`. */
function undoable(id: string, more: object = {}, undo: object = {}): LooseStep {
  const compensate = { type: 'agent', agentId: 'any', input: { prompt: `undo ${id}` }, ...undo };
  return agent(id, { compensate, ...more });
}

const slow = (answer: unknown) => after(10, answer);

export const steeredFlows: readonly Flow[] = [
  {
    name: 'a saga in a sequence',
    make: () =>
      flow({
        steps: [undoable('a'), undoable('b', {}, { retry: { maxAttempts: 3, delay: 50 } }), agent('c')],
        onFailure: [agent('d')],
      }),
    mocks: {
      a: slow('a'),
      b: slow('b'),
      c: slow(down),
      'b-compensate': after(10, (call: MockCall) => (call.attempt === 1 ? busy() : 'ok')),
      'a-compensate': slow('ok'),
      d: slow('d'),
    },
  },
  {
    name: 'a saga of rounds and a child',
    make: () =>
      flow({
        steps: [
          { id: 'l', type: 'loop', items: [1, 2], parallel: true, steps: [undoable('i')] },
          {
            id: 'kid',
            type: 'workflow',
            workflow: 'child',
            compensate: { type: 'agent', agentId: 'any', input: { prompt: 'undo' } },
          },
          agent('c'),
        ],
      }),
    others: () => [flow({ name: 'child', steps: [undoable('k'), agent('k2')] })],
    mocks: {
      i: slow('i'),
      'i-compensate': slow('ok'),
      k: slow('k'),
      k2: slow('k2'),
      'k-compensate': slow('ok'),
      'kid-compensate': slow('ok'),
      c: slow(down),
    },
  },
  {
    name: 'work that waits for the world',
    make: () =>
      flow({
        steps: [
          undoable('a'),
          { id: 'w', type: 'wait', duration: 30 },
          { id: 'go', type: 'signal', name: 'go' },
          { id: 'ok', type: 'human', message: 'ok?' },
          agent('later', { callback: true }),
          agent('last', { retry: { maxAttempts: 2, delay: 20 } }),
        ],
      }),
    mocks: {
      a: slow('a'),
      'a-compensate': slow('ok'),
      later: after(10, new EffectResult(null, { isAccepted: true })),
      last: after(10, (call: MockCall) => (call.attempt === 1 ? busy() : 'ok')),
    },
  },
  {
    name: 'a race, and a child that nobody waits for',
    make: () =>
      flow({
        state: { n: 0 },
        steps: [
          { id: 'aside', type: 'workflow', workflow: 'child', mode: 'detach' },
          {
            id: 'laps',
            type: 'loop',
            while: '{{state.n}} < 2',
            steps: [
              agent('t', { assign: { n: { expr: '{{state.n}} + 1' } } }),
              { id: 'nap', type: 'wait', duration: 10 },
            ],
          },
          {
            id: 'p',
            type: 'parallel',
            failFast: true,
            steps: [
              undoable('x', { timeout: 50, onError: 'continue' }),
              { id: 'ok', type: 'human', message: 'ok?', timeout: 40, onTimeout: 'approve' },
              { id: 'kid', type: 'workflow', workflow: 'child' },
            ],
          },
        ],
        output: { ok: '{{steps.ok.output.decision}}', kid: '{{steps.kid.output}}' },
      }),
    others: () => [flow({ name: 'child', steps: [undoable('k'), agent('k2')] })],
    mocks: { t: slow('t'), x: after(100, 'x'), k: slow('k'), k2: slow('k2'), 'k-compensate': slow('ok') },
  },
  {
    name: 'children within rounds, and rounds within children',
    make: () =>
      flow({
        steps: [
          {
            id: 'l',
            type: 'loop',
            items: [1, 2],
            steps: [{ id: 'kid', type: 'workflow', workflow: 'child' }],
          },
          agent('c'),
        ],
      }),
    others: () => [
      flow({
        name: 'child',
        steps: [{ id: 'm', type: 'loop', items: [1, 2], parallel: true, steps: [undoable('k')] }],
      }),
    ],
    mocks: { k: slow('k'), 'k-compensate': slow('ok'), c: slow(down) },
  },
  {
    name: 'steps that take turns',
    make: () =>
      flow({
        steps: [
          {
            id: 'l',
            type: 'loop',
            items: [1, 2, 3],
            parallel: true,
            steps: [undoable('i', { concurrency: 'one', timeout: 60 }, { concurrency: 'one' })],
          },
          agent('c', { concurrency: 'one' }),
        ],
      }),
    mocks: { i: slow('i'), 'i-compensate': slow('ok'), c: slow(down) },
  },
];
