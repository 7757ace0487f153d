/** Workflows that fail and are undone, for tests that interrupt and replay them. */
import { WorkflowError } from '../../src/core/errors.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, hangs, type MockCall } from '../support/mocks.ts';
import type { Flow } from './tested-flow.ts';

const down = (): never => {
  throw new WorkflowError('AGENT_ERROR', 'status 503', { details: { status: 503 } });
};

/** A step that another undoes: `<id>-compensate`. */
function undoable(id: string, more: object = {}, undo: object = {}): LooseStep {
  const compensate = { type: 'agent', agentId: 'any', input: { prompt: `undo {{steps.${id}.output.id}}` }, ...undo };
  return agent(id, { compensate, ...more });
}

const longText = 'long '.repeat(200);

export const sagaFlows: readonly Flow[] = [
  {
    name: 'a saga in a sequence, with a compensation that is tried again and one that fails',
    make: () =>
      flow({
        steps: [
          undoable('flight'),
          undoable('hotel', {}, { retry: { maxAttempts: 3, delay: 50 } }),
          undoable('car'),
          undoable('card', { timeout: 100 }, { input: { prompt: 'refund' } }),
        ],
        onFailure: [agent('tell', { input: { prompt: '{{workflow.error.details.compensation}}' } })],
      }),
    mocks: {
      flight: { id: longText },
      hotel: { id: 'h' },
      car: { id: 'c' },
      card: hangs(),
      'car-compensate': down,
      'hotel-compensate': (call: MockCall) => (call.attempt <= 2 ? down() : 'ok'),
    },
    status: 'failed',
  },
  {
    name: 'a saga over branches, and over the rounds of a while loop',
    make: () =>
      flow({
        state: { n: 0 },
        steps: [
          {
            id: 'l',
            type: 'loop',
            while: '{{state.n}} < 2',
            steps: [undoable('r', { assign: { n: { expr: '{{state.n}} + 1' } } })],
          },
          {
            id: 'p',
            type: 'parallel',
            failFast: true,
            steps: [
              undoable('x'),
              { id: 'g', type: 'sequential', steps: [undoable('g1'), agent('g2')] },
              undoable('hung', {}, { input: { prompt: 'undo' } }),
            ],
          },
        ],
      }),
    mocks: {
      r: (call: MockCall) => ({ id: `r${call.visit}` }),
      x: after(10, { id: 'x' }),
      g1: { id: 'g1' },
      g2: after(20, down),
      hung: hangs(),
    },
    status: 'failed',
  },
  {
    name: 'a saga over the rounds of items loops within each other',
    make: () =>
      flow({
        steps: [
          undoable('before'),
          {
            id: 'outer',
            type: 'loop',
            items: [[1, 2], [3]],
            as: 'row',
            steps: [
              undoable('o'),
              { id: 'inner', type: 'loop', items: '{{row}}', parallel: true, steps: [undoable('i')] },
            ],
          },
          agent('fatal'),
        ],
      }),
    mocks: { before: { id: 'b' }, o: { id: 'o' }, i: { id: longText }, fatal: down },
    status: 'failed',
  },
  {
    name: 'a saga with a child that is undone by its step, and one that undoes itself',
    make: () =>
      flow({
        steps: [
          {
            id: 'kid',
            type: 'workflow',
            workflow: 'booking',
            compensate: { type: 'workflow', workflow: 'unbooking', input: { of: '{{steps.kid.output}}' } },
          },
          {
            id: 'p',
            type: 'parallel',
            failFast: true,
            steps: [
              { id: 'open', type: 'workflow', workflow: 'slow-booking' },
              { id: 'g', type: 'sequential', steps: [{ id: 'w', type: 'wait', duration: 50 }, agent('fatal')] },
            ],
          },
        ],
      }),
    others: () => [
      flow({ name: 'booking', steps: [undoable('c1')] }),
      flow({ name: 'unbooking', steps: [agent('u1', { input: { prompt: '{{workflow.input.of.id}}' } })] }),
      flow({ name: 'slow-booking', steps: [undoable('s1'), agent('s2')] }),
    ],
    mocks: { c1: { id: 'c' }, s1: { id: 's' }, s2: hangs(), fatal: down },
    status: 'failed',
  },
];
