/**
 * Workflows of every construct, for tests that interrupt and replay them. Their mocks answer by visit, attempt and item only, never
 * by how often they were called: a repeated call gets the same answer, as from a service that honours idempotency keys.
 */
import { EffectResult } from '../../src/core/effect.ts';
import { WorkflowError } from '../../src/core/errors.ts';
import type { StepContext } from '../../src/definition/step-context.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs, type MockCall } from '../support/mocks.ts';
import { sagaFlows } from './saga-flows.ts';
import type { Flow } from './tested-flow.ts';

export type { Flow };

const down = (): never => {
  throw new WorkflowError('AGENT_ERROR', 'status 503', { details: { status: 503 } });
};

/** Fails up to and including that attempt. */
const failsUntil =
  (attempt: number, answer: unknown = 'ok') =>
  (call: MockCall): unknown =>
    call.attempt <= attempt ? down() : answer;

const accepted = new EffectResult(null, { isAccepted: true });

const longText = 'long '.repeat(200);

export const flows: readonly Flow[] = [
  {
    name: 'a sequence with retries and a pause',
    make: () =>
      flow({
        steps: [
          agent('a', { retry: { maxAttempts: 3, delay: 100, backoff: 'exponential' } }),
          { id: 'w', type: 'wait', duration: 1_000 },
          agent('b', { input: { prompt: 'on {{steps.a.output}} of {{workflow.input.topic}}' } }),
        ],
        output: { a: '{{steps.a.output}}', b: '{{steps.b.output}}' },
      }),
    input: { topic: 'tides' },
    mocks: { a: failsUntil(2, longText), b: (call: MockCall) => call.input },
    output: { a: longText, b: { prompt: `on ${longText} of tides` } },
  },
  {
    name: 'an attempt that hangs until its timeout',
    make: () =>
      flow({
        steps: [agent('a', { timeout: 500, retry: { maxAttempts: 2, delay: 50 } }), agent('b')],
        output: '{{steps.a.output}}',
      }),
    mocks: { a: (call: MockCall) => (call.attempt === 1 ? hangs()(call) : { n: 1 }) },
    output: { n: 1 },
  },
  {
    name: 'a parallel step with a queue',
    make: () =>
      flow({
        steps: [
          {
            id: 'p',
            type: 'parallel',
            maxConcurrency: 2,
            steps: [
              agent('x'),
              agent('y', { retry: { maxAttempts: 2, delay: 30 } }),
              {
                id: 'g',
                type: 'sequential',
                steps: [agent('g1'), agent('g2', { input: { prompt: '{{steps.g1.output.text}}' } })],
              },
            ],
          },
          agent('join', { input: { prompt: 'join', all: '{{steps.p.output}}' } }),
        ],
      }),
    mocks: {
      x: after(20, { text: longText }),
      y: failsUntil(1, 'y'),
      g1: after(10, { text: 'g1' }),
      g2: (call: MockCall) => call.input,
      join: (call: MockCall) => call.input,
    },
    output: { prompt: 'join', all: { x: { text: longText }, y: 'y', g: { prompt: 'g1' } } },
  },
  {
    name: 'a conditional jump back',
    make: () =>
      flow({
        steps: [
          agent('draft'),
          agent('review', { input: { prompt: 'review {{steps.draft.output.text}}' } }),
          {
            id: 'good',
            type: 'conditional',
            condition: '{{steps.review.output.score}} >= 3',
            then: 'publish',
            else: 'draft',
          },
          agent('publish', { input: { prompt: '{{steps.draft.output.text}}' } }),
        ],
      }),
    mocks: {
      draft: (call: MockCall) => ({ text: `draft ${call.visit}` }),
      review: (call: MockCall) => ({ score: call.visit, why: longText }),
      publish: (call: MockCall) => call.input,
    },
    output: { prompt: 'draft 3' },
  },
  {
    name: 'a while loop on the state',
    make: () =>
      flow({
        state: { n: 0, log: [] },
        steps: [
          {
            id: 'rounds',
            type: 'loop',
            while: '{{state.n}} < 3',
            steps: [
              agent('a', {
                input: { prompt: 'round {{loop.index}}' },
                assign: { n: { expr: '{{state.n}} + 1' }, log: { append: '{{steps.a.output}}' } },
              }),
            ],
          },
        ],
        output: { log: '{{state.log}}', rounds: '{{steps.rounds.output}}' },
      }),
    mocks: { a: (call: MockCall) => call.input },
    output: {
      log: [{ prompt: 'round 0' }, { prompt: 'round 1' }, { prompt: 'round 2' }],
      rounds: [{ prompt: 'round 0' }, { prompt: 'round 1' }, { prompt: 'round 2' }],
    },
  },
  {
    name: 'an items loop whose rounds write to the state and may fail',
    make: () =>
      flow({
        state: { seen: [], sum: 0 },
        steps: [
          agent('list'),
          {
            id: 'each',
            type: 'loop',
            items: '{{steps.list.output.items}}',
            parallel: 2,
            onItemError: 'collect',
            steps: [
              agent('work', {
                input: { prompt: '{{loop.item.name}} of {{steps.list.output.title}}' },
                retry: { maxAttempts: 2, delay: 40 },
                assign: { seen: { append: '{{loop.item.name}}' }, sum: { expr: '{{state.sum}} + {{loop.index}}' } },
              }),
            ],
          },
          agent('last', { input: { prompt: 'sum', all: '{{steps.each.output}}' } }),
        ],
        output: { all: '{{steps.last.output.all}}', seen: '{{state.seen}}', sum: '{{state.sum}}' },
      }),
    mocks: {
      list: { title: 'T', items: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, text: longText })) },
      work: (call: MockCall) => {
        const { prompt } = call.input as { readonly prompt: string };
        if (prompt.startsWith('c')) return down();
        if (prompt.startsWith('d') && call.attempt === 1) return down();
        return after(prompt.startsWith('a') ? 100 : 10, prompt)(call);
      },
      last: (call: MockCall) => call.input,
    },
    output: { all: ['a of T', 'b of T', null, 'd of T', 'e of T'], seen: ['a', 'b', 'd', 'e'], sum: 8 },
  },
  {
    name: 'loops within loops, items by a function',
    make: () =>
      flow({
        state: { seen: [] },
        steps: [
          {
            id: 'outer',
            type: 'loop',
            as: 'row',
            items: () => [[1, 2], [3]],
            steps: [
              {
                id: 'inner',
                type: 'loop',
                as: 'cell',
                items: '{{row}}',
                parallel: true,
                steps: [agent('a', { input: { prompt: '{{cell}}' }, assign: { seen: { append: '{{cell}}' } } })],
              },
            ],
          },
        ],
        output: { all: '{{steps.outer.output}}', seen: '{{state.seen}}' },
      }),
    mocks: { a: (call: MockCall) => (call.input as { readonly prompt: unknown }).prompt },
    output: { all: [[1, 2], [3]], seen: [1, 2, 3] },
  },
  {
    name: 'handlers that write and replace',
    make: () =>
      flow({
        state: { log: '' },
        steps: [agent('a', { retry: { maxAttempts: 2, delay: 10 } }), agent('b'), agent('c', { onError: 'continue' })],
        onStepStart: {
          '*': (id: string, context: StepContext) => context.set('log', `${String(context.state['log'])}<${id}`),
        },
        onStepComplete: {
          a: (id: string, output: unknown, context: StepContext) => {
            context.set('log', `${String(context.state['log'])}${id}>`);
            return { handled: output };
          },
        },
        onStepError: { b: () => 'instead' },
        onWorkflowStart: (_input: unknown, context: StepContext) => context.set('log', '!'),
        output: { a: '{{steps.a.output}}', b: '{{steps.b.output}}', log: '{{state.log}}', c: '{{steps.c.status}}' },
      }),
    mocks: { a: failsUntil(1, { n: 1 }), b: down, c: down },
    output: { a: { handled: { n: 1 } }, b: 'instead', log: '!<aa><b<c', c: 'failed' },
  },
  {
    name: 'a failure with onFailure steps',
    make: () =>
      flow({
        steps: [agent('a'), agent('b'), agent('never')],
        onFailure: [
          agent('clean', { input: { prompt: 'clean after {{workflow.error.code}}', of: '{{steps.a.output}}' } }),
          agent('tell'),
        ],
      }),
    mocks: { a: { made: longText }, b: down },
    status: 'failed',
  },
  {
    name: 'waiting with a poll step, then a switch',
    make: () =>
      flow({
        steps: [
          {
            id: 'w',
            type: 'wait',
            condition: '{{steps.look.output.state}} !== "ready"',
            pollInterval: 100,
            poll: agent('look'),
          },
          {
            id: 'which',
            type: 'switch',
            value: '{{steps.look.output.kind}}',
            cases: { big: 'heavy', small: 'light' },
            default: 'light',
          },
          agent('heavy'),
          agent('light'),
        ],
        output: { choice: '{{steps.which.output}}', heavy: '{{steps.heavy.output}}', light: '{{steps.light.status}}' },
      }),
    mocks: { look: (call: MockCall) => (call.visit < 3 ? { state: 'busy' } : { state: 'ready', kind: 'big' }) },
    output: { choice: 'heavy', heavy: 'heavy', light: 'skipped' },
  },
  {
    name: 'child workflows, one waited for, one detached, one that fails',
    make: () =>
      flow({
        steps: [
          agent('a'),
          { id: 'kid', type: 'workflow', workflow: 'child', input: { word: '{{steps.a.output.word}}' } },
          { id: 'free', type: 'workflow', workflow: 'child', input: { word: 'free' }, mode: 'detach' },
          { id: 'bad', type: 'workflow', workflow: 'failing', onError: { output: 'instead' } },
          agent('b', { input: { prompt: '{{steps.kid.output.said}} {{steps.bad.output}}' } }),
        ],
        output: { b: '{{steps.b.output.prompt}}', free: '{{steps.free.output}}' },
      }),
    others: () => [
      flow({
        name: 'child',
        steps: [
          agent('c1', { retry: { maxAttempts: 2, delay: 20 } }),
          agent('c2', { input: { prompt: '{{workflow.input.word}} {{steps.c1.output}}' } }),
        ],
        output: { said: '{{steps.c2.output.prompt}}' },
      }),
      flow({ name: 'failing', steps: [agent('f')] }),
    ],
    mocks: {
      a: { word: 'hey' },
      c1: failsUntil(1, 'you'),
      c2: (call: MockCall) => after(5, call.input)(call),
      f: down,
      b: (call: MockCall) => call.input,
    },
    output: { b: 'hey you instead', free: 'run/free:1' },
  },
  {
    name: 'an event for itself, kept until somebody waits for it',
    make: () =>
      flow({
        state: { seen: [] },
        steps: [
          {
            id: 'p',
            type: 'parallel',
            steps: [
              {
                id: 'listen',
                type: 'signal',
                name: 'ready',
                timeout: '1h',
                assign: { seen: { append: '{{steps.listen.output.n}}' } },
              },
              {
                id: 'speak',
                type: 'sequential',
                steps: [
                  { id: 'pause', type: 'wait', duration: 50 },
                  { id: 'say', type: 'emit', name: 'ready', payload: { n: 7 } },
                ],
              },
            ],
          },
        ],
        output: '{{state.seen}}',
      }),
    output: [7],
  },
  {
    name: 'branches that share limits, by number and by time',
    make: () =>
      flow({
        steps: [
          {
            id: 'p',
            type: 'parallel',
            steps: ['x', 'y', 'z'].map((id) =>
              agent(id, {
                concurrency: { name: 'db', key: '{{workflow.input.user}}', limit: 2 },
                rateLimit: { name: 'api', limit: 2, per: 100 },
                retry: { maxAttempts: 2, delay: 5 },
                timeout: 50,
              }),
            ),
          },
        ],
      }),
    input: { user: 'kim' },
    mocks: { x: after(30, 'x'), y: failsUntil(1, 'y'), z: after(20, 'z') },
    output: { x: 'x', y: 'y', z: 'z' },
  },
  {
    name: 'rounds that take each others outputs from the cache',
    make: () =>
      flow({
        steps: [
          {
            id: 'each',
            type: 'loop',
            items: ['a', 'b', 'a', 'a', 'b'],
            parallel: 2,
            steps: [
              agent('work', {
                cache: { key: '{{loop.item}}', ttl: '1h' },
                input: { prompt: '{{loop.item}}' },
                retry: { maxAttempts: 2, delay: 10 },
              }),
            ],
          },
        ],
      }),
    mocks: {
      work: (call: MockCall) => {
        const { prompt } = call.input as { readonly prompt: string };
        return prompt === 'b' && call.attempt === 1 ? down() : after(10, { made: prompt, text: longText })(call);
      },
    },
    output: ['a', 'b', 'a', 'a', 'b'].map((made) => ({ made, text: longText })),
  },
  {
    name: 'work that is accepted, and of which nothing is heard again',
    make: () =>
      flow({
        steps: [
          {
            id: 'p',
            type: 'parallel',
            steps: [
              agent('later', { callback: true, heartbeatTimeout: 200, retry: { maxAttempts: 3, delay: 20 } }),
              agent('beside', { callback: true, timeout: 300, onError: { output: 'too late' } }),
              { id: 'w', type: 'wait', duration: 250 },
            ],
          },
          agent('b', { input: { prompt: '{{steps.later.output.text}} {{steps.beside.output}}' } }),
        ],
      }),
    mocks: {
      later: (call: MockCall) => (call.attempt === 1 ? accepted : { text: 'again' }),
      beside: accepted,
      b: (call: MockCall) => call.input,
    },
    output: { prompt: 'again too late' },
  },
  ...sagaFlows,
];
