/** Sagas: what a run did is undone when it fails or is cancelled. */
import { describe, expect, test } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import { bothWays, type Case } from '../support/both-ways.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, fails, hangs, replies, type MockCall } from '../support/mocks.ts';

const refused = fails(new WorkflowError('AGENT_ERROR', 'no', { retryable: false, details: { status: 402 } }));
const down = fails(new WorkflowError('AGENT_ERROR', 'down', { details: { status: 503 } }));

/** An agent step that is undone by another: `<id>-compensate`. */
function undoable(id: string, more: object = {}, undo: object = {}): LooseStep {
  const compensate = {
    type: 'agent',
    agentId: 'any',
    input: { prompt: 'undo', of: `{{steps.${id}.output}}` },
    ...undo,
  };
  return agent(id, { compensate, ...more });
}

const inputs = (calls: readonly MockCall[], step: string): readonly unknown[] =>
  calls.filter((call) => call.step === step).map(({ input }) => (input as { readonly of?: unknown }).of);

describe('a sequence', () => {
  bothWays([
    {
      name: 'is undone from the last step to the first; what was refused did not happen',
      flow: flow({ steps: [undoable('a'), undoable('b'), undoable('c')] }),
      mocks: { a: 'A', b: 'B', c: refused },
      status: 'failed',
      error: { message: 'no', details: { compensation: 'complete', step: 'c' } },
      trace:
        'start a, done a, start b, done b, start c, fail c AGENT_ERROR, ' +
        'undo b, start b-compensate, done b-compensate, undone b, undo a, start a-compensate, done a-compensate, undone a',
      check: ({ mocks }) => {
        expect(inputs(mocks.calls, 'a-compensate')).toEqual(['A']);
        expect(inputs(mocks.calls, 'b-compensate')).toEqual(['B']);
      },
    },
    {
      name: 'is not undone when it completes',
      flow: flow({ steps: [undoable('a')] }),
      trace: 'start a, done a',
    },
    {
      name: 'a step that ran into its timeout may have done its work: it is undone too',
      flow: flow({ steps: [undoable('a'), undoable('b', { timeout: 50 }, { input: { prompt: 'undo b' } })] }),
      mocks: { b: hangs() },
      status: 'failed',
      error: { code: 'TIMEOUT' },
      calls: { a: 1, b: 1, 'b-compensate': 1, 'a-compensate': 1 },
    },
    {
      name: 'a lost attempt counts, although the next one was refused',
      flow: flow({
        steps: [undoable('a', { timeout: 50, retry: { maxAttempts: 2, delay: 10 } }, { input: { prompt: 'undo' } })],
      }),
      mocks: { a: replies(hangs(), refused) },
      status: 'failed',
      calls: { a: 2, 'a-compensate': 1 },
    },
    {
      name: 'a failure that was mended is none: the step is undone only where its work was done',
      flow: flow({
        steps: [
          undoable('a', { onError: { output: 'instead' } }),
          undoable('b', { onError: 'continue' }),
          undoable('c', { onError: undoable('c-again') }),
          agent('last'),
        ],
      }),
      mocks: { a: refused, b: refused, c: refused, last: down },
      status: 'failed',
      calls: { a: 1, b: 1, c: 1, 'c-again': 1, last: 1, 'c-again-compensate': 1 },
    },
    {
      name: 'a handler that throws after the work was done undoes it',
      flow: flow({
        steps: [undoable('a')],
        onStepComplete: {
          a: () => {
            throw new Error('handler');
          },
        },
      }),
      status: 'failed',
      calls: { a: 1, 'a-compensate': 1 },
    },
    {
      name: 'a compensation that fails for good leaves the others: the run says that it is incomplete',
      flow: flow({
        steps: [
          undoable('a'),
          undoable('b', {}, { retry: { maxAttempts: 2, delay: 100 } }),
          undoable('c'),
          agent('last'),
        ],
      }),
      mocks: { last: down, 'b-compensate': down },
      status: 'failed',
      error: { message: 'down', details: { step: 'last', compensation: 'incomplete', notCompensated: ['b:1'] } },
      calls: { a: 1, b: 1, c: 1, last: 1, 'c-compensate': 1, 'b-compensate': 2, 'a-compensate': 1 },
      elapsedMs: 100,
    },
    {
      name: 'a compensation has its own timeout',
      flow: flow({ steps: [undoable('a', {}, { timeout: 70 }), agent('last')] }),
      mocks: { last: down, 'a-compensate': hangs() },
      status: 'failed',
      error: { details: { compensation: 'incomplete' } },
      elapsedMs: 70,
    },
    {
      name: 'a compensation whose condition is false has nothing to do, one whose condition cannot be decided has failed',
      flow: flow({
        steps: [
          undoable('a', {}, { condition: '{{steps.a.output.n}} > 1' }),
          undoable('b', {}, { condition: '{{steps.b.output.n}} > 1' }),
          undoable('c', {}, { condition: '{{steps.c.output}} > 1' }),
          agent('last'),
        ],
      }),
      mocks: { a: { n: 1 }, b: { n: 2 }, c: { n: 3 }, last: down },
      status: 'failed',
      calls: { a: 1, b: 1, c: 1, last: 1, 'b-compensate': 1 },
    },
    {
      name: 'onFailure steps run after it, and see how it went',
      flow: flow({
        steps: [undoable('a'), agent('last')],
        onFailure: [
          agent('tell', { input: { prompt: '{{workflow.error.message}}: {{workflow.error.details.compensation}}' } }),
        ],
      }),
      mocks: { last: down },
      status: 'failed',
      trace:
        'start a, done a, start last, fail last AGENT_ERROR, undo a, start a-compensate, done a-compensate, undone a, start tell, done tell',
      check: ({ mocks }) => {
        expect(mocks.calls.at(-1)?.input).toEqual({ prompt: 'down: complete' });
      },
    },
    {
      name: 'a compensation sees why the run failed, and the steps before its own',
      flow: flow({
        steps: [
          agent('first'),
          undoable('a', {}, { input: { prompt: '{{workflow.error.code}} {{steps.first.output}} {{steps.a.output}}' } }),
          agent('last'),
        ],
      }),
      mocks: { last: down },
      status: 'failed',
      check: ({ mocks }) => {
        expect(mocks.calls.at(-1)?.input).toEqual({ prompt: 'AGENT_ERROR first a' });
      },
    },
    {
      name: 'the timeout of the run, and what its output is made of, are failures too',
      flow: flow({ steps: [undoable('a')], output: '{{steps.a.output}} of {{steps.a.output.nothing}}' }),
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED' },
      calls: { a: 1, 'a-compensate': 1 },
    },
    {
      name: 'transforms, http steps and emitted events undo, too',
      flow: flow({
        steps: [
          {
            id: 'a',
            type: 'http',
            url: 'https://a.example',
            compensate: { type: 'http', method: 'DELETE', url: 'https://a.example/{{steps.a.output.id}}' },
          },
          {
            id: 'b',
            type: 'transform',
            template: 1,
            compensate: {
              type: 'transform',
              transform: (
                _data: unknown,
                context: { readonly steps: Record<string, { readonly output: unknown }> },
              ) => [context.steps['b']?.output],
            },
          },
          { id: 'c', type: 'emit', name: 'done', compensate: { type: 'emit', name: 'undone' } },
          agent('last'),
        ],
      }),
      mocks: { a: { id: 7 }, last: down },
      status: 'failed',
      error: { details: { compensation: 'complete' } },
      check: ({ mocks, context, program }) => {
        expect(mocks.calls.at(-1)).toMatchObject({ step: 'a-compensate', input: { url: 'https://a.example/7' } });
        expect(context.steps.get(program.byId.get('b-compensate') as number)?.output).toBeDefined();
      },
    },
  ] satisfies readonly Case[]);
});

describe('groups, branches and loops', () => {
  bothWays([
    {
      name: 'branches are undone in the reverse order of their completion',
      flow: flow({
        steps: [
          {
            id: 'p',
            type: 'parallel',
            steps: [
              undoable('slow'),
              undoable('quick'),
              { id: 'g', type: 'sequential', steps: [undoable('g1'), undoable('g2')] },
            ],
          },
          agent('last'),
        ],
      }),
      mocks: { slow: after(100, 's'), quick: after(10, 'q'), g1: after(20, 'g'), g2: after(30, 'g'), last: down },
      status: 'failed',
      check: ({ mocks }) => {
        const order = mocks.calls.map(({ step }) => step).filter((step) => step.endsWith('-compensate'));
        expect(order).toEqual(['slow-compensate', 'g2-compensate', 'g1-compensate', 'quick-compensate']);
      },
    },
    {
      name: 'branches that are cancelled while under way may have happened',
      flow: flow({
        steps: [
          {
            id: 'p',
            type: 'parallel',
            failFast: true,
            maxConcurrency: 2,
            steps: [undoable('x', {}, { input: { prompt: 'undo' } }), agent('bad'), undoable('queued')],
          },
        ],
      }),
      mocks: { x: hangs(), bad: after(10, refused) },
      status: 'failed',
      calls: { x: 1, bad: 1, 'x-compensate': 1 },
    },
    {
      name: 'each round of a while loop is undone, with what it saw',
      flow: flow({
        state: { n: 0 },
        steps: [
          {
            id: 'l',
            type: 'loop',
            while: '{{state.n}} < 3',
            steps: [
              agent('before', { assign: { n: { expr: '{{state.n}} + 1' } } }),
              undoable(
                'a',
                { input: { prompt: 'p', of: '{{steps.before.output}}' } },
                { input: { prompt: 'u', of: '{{steps.a.output}} {{steps.before.output}} {{loop.index}}' } },
              ),
            ],
          },
          agent('last'),
        ],
      }),
      mocks: { before: (call: MockCall) => `b${call.visit}`, a: (call: MockCall) => `a${call.visit}`, last: down },
      status: 'failed',
      check: ({ mocks }) => {
        expect(inputs(mocks.calls, 'a-compensate')).toEqual(['a3 b3 2', 'a2 b2 1', 'a1 b1 0']);
        const visits = mocks.calls.filter(({ step }) => step === 'a-compensate').map(({ visit }) => visit);
        expect(visits).toEqual([3, 2, 1]);
      },
    },
    {
      name: 'each visit is undone after jumps back, and a function sees the steps as they were',
      flow: flow({
        steps: [
          undoable(
            'a',
            {},
            {
              type: 'agent',
              input: (context: { readonly steps: Record<string, { readonly output: unknown }> }) => ({
                prompt: 'u',
                of: [context.steps['a']?.output, context.steps['r']?.output],
              }),
            },
          ),
          { id: 'r', type: 'switch', value: '{{steps.a.output}}', cases: { a3: 'end' }, default: 'a' },
        ],
        output: '{{steps.a.output.nothing}} of it',
      }),
      mocks: { a: (call: MockCall) => `a${call.visit}` },
      status: 'failed',
      check: ({ mocks }) => {
        expect(inputs(mocks.calls, 'a-compensate').map((each) => (each as unknown[])[0])).toEqual(['a3', 'a2', 'a1']);
      },
    },
    {
      name: 'what a group did before it was tried again is undone as well',
      flow: flow({
        steps: [
          {
            id: 'g',
            type: 'sequential',
            retry: { maxAttempts: 2, delay: 10 },
            steps: [undoable('a'), agent('b')],
          },
          agent('last'),
        ],
      }),
      mocks: { a: (call: MockCall) => call.visit, b: replies(down, 'b'), last: down },
      status: 'failed',
      check: ({ mocks }) => {
        expect(inputs(mocks.calls, 'a-compensate')).toEqual([2, 1]);
      },
    },
  ] satisfies readonly Case[]);
});

describe('rounds of an items loop', () => {
  const loop = (more: object = {}): LooseStep => ({
    id: 'l',
    type: 'loop',
    items: ['x', 'y', 'z'],
    steps: [
      undoable(
        'a',
        { input: { prompt: '{{loop.item}}' } },
        { input: { prompt: 'u', of: '{{steps.a.output}} {{loop.item}} {{loop.index}} {{workflow.error.code}}' } },
      ),
    ],
    ...more,
  });
  const echo = (call: MockCall): unknown => `did ${(call.input as { readonly prompt: string }).prompt}`;
  bothWays([
    {
      name: 'are undone from the last to the first',
      flow: flow({ steps: [undoable('before'), loop(), agent('last')] }),
      mocks: { a: echo, last: down },
      status: 'failed',
      error: { details: { compensation: 'complete', step: 'last' } },
      check: ({ mocks }) => {
        expect(inputs(mocks.calls, 'a-compensate')).toEqual([
          'did z z 2 AGENT_ERROR',
          'did y y 1 AGENT_ERROR',
          'did x x 0 AGENT_ERROR',
        ]);
        expect(mocks.calls.at(-1)?.step).toBe('before-compensate');
      },
    },
    {
      name: 'are undone when a later round fails, and when others are cancelled with it',
      flow: flow({ steps: [loop({ parallel: 2 })] }),
      mocks: {
        a: (call: MockCall) => {
          const { prompt } = call.input as { readonly prompt: string };
          return prompt === 'x' ? echo(call) : prompt === 'y' ? hangs()(call) : after(10, refused)(call);
        },
      },
      status: 'failed',
      error: { details: { compensation: 'incomplete', notCompensated: ['l:1'] } },
      check: ({ mocks }) => {
        // What the cancelled round would have given is not there: its compensation cannot be told.
        expect(inputs(mocks.calls, 'a-compensate')).toEqual(['did x x 0 STEPS_FAILED']);
      },
    },
    {
      name: 'of a failed attempt of the loop are undone as well',
      flow: flow({
        steps: [loop({ items: ['x', 'y'], retry: { maxAttempts: 2, delay: 10, on: ['STEPS_FAILED'] } }), agent('last')],
      }),
      mocks: { a: (call: MockCall) => (call.index === 1 ? down : echo)(call), last: down },
      status: 'failed',
      check: ({ mocks }) => {
        expect(inputs(mocks.calls, 'a-compensate')).toEqual([
          'did y y 1 AGENT_ERROR',
          'did x x 0 AGENT_ERROR',
          'did x x 0 AGENT_ERROR',
        ]);
      },
    },
    {
      name: 'that hold loops are undone with theirs',
      flow: flow({
        steps: [
          {
            id: 'outer',
            type: 'loop',
            items: [['a', 'b'], ['c']],
            as: 'row',
            steps: [
              undoable('o', { input: { prompt: 'o' } }, { input: { prompt: 'u', of: 'o{{loop.index}}' } }),
              {
                id: 'inner',
                type: 'loop',
                items: '{{row}}',
                as: 'cell',
                steps: [undoable('i', {}, { input: { prompt: 'u', of: '{{cell}} {{loop.parent.index}}' } })],
              },
            ],
          },
          agent('last'),
        ],
      }),
      mocks: { last: down },
      status: 'failed',
      check: ({ mocks }) => {
        const order = mocks.calls
          .filter(({ step }) => step.endsWith('-compensate'))
          .map(({ input }) => (input as { readonly of: unknown }).of);
        expect(order).toEqual(['c 1', 'o1', 'b 0', 'a 0', 'o0']);
      },
    },
  ] satisfies readonly Case[]);
});

test('workflows without a compensation have machines without any of it', () => {
  expect(JSON.stringify(flow({ steps: [agent('a')] }))).not.toContain('compensating');
});
