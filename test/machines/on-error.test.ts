import { describe, expect } from 'vitest';
import { TerminalError, WorkflowError } from '../../src/core/errors.ts';
import { bothWays } from '../support/both-ways.ts';
import { agent, flow } from '../support/flow.ts';
import { stepRecord } from '../support/outcome.ts';
import { fails, hangs, replies } from '../support/mocks.ts';

describe('onError', () => {
  bothWays([
    {
      name: "'fail' is the default: the run fails, later steps are not reached",
      flow: flow({ steps: [agent('a', { onError: 'fail' }), agent('b')] }),
      mocks: { a: fails() },
      status: 'failed',
      statuses: { a: 'failed' },
      calls: { a: 1 },
    },
    {
      name: "'continue': output null, status failed, the error is readable",
      flow: flow({
        steps: [agent('a', { onError: 'continue' }), agent('b')],
        output: {
          a: '{{steps.a.output}}',
          status: '{{steps.a.status}}',
          error: '{{steps.a.error.message}}',
          b: '{{steps.b.output}}',
        },
      }),
      mocks: { a: fails('broken') },
      output: { a: null, status: 'failed', error: 'broken', b: 'b' },
      trace: 'start a, fail a STEP_FAILED, start b, done b',
    },
    {
      name: "'continue' comes after the last attempt",
      flow: flow({ steps: [agent('a', { onError: 'continue', retry: { maxAttempts: 2, delay: 1 } }), agent('b')] }),
      mocks: { a: fails('broken') },
      output: 'b',
      trace: 'start a, retry a 1, start a.2, fail a.2 STEP_FAILED, start b, done b',
    },
    {
      name: 'a constant output takes the place of the failure',
      flow: flow({
        steps: [
          agent('a', { onError: { output: { list: [1, { two: 2 }] } } }),
          agent('b', { input: { prompt: 'x{{steps.a.output.list.1.two}}' } }),
        ],
      }),
      mocks: { a: fails(), b: (call: { readonly input: unknown }) => call.input },
      output: { prompt: 'x2' },
      trace: 'start a, done a, start b, done b',
      check: (outcome) => {
        expect(stepRecord(outcome, 'a')?.error).toBeUndefined();
      },
    },
    {
      name: 'a constant output takes the place of an answer whose assign fails; what it assigns then counts',
      flow: flow({
        state: { n: 0 },
        steps: [agent('a', { onError: { output: { n: 7 } }, assign: { n: 'n{{steps.a.output.n}}' } }), agent('b')],
        output: '{{state.n}}',
      }),
      mocks: { a: {} },
      output: 'n7',
      statuses: { a: 'completed', b: 'completed' },
    },
    {
      name: 'a constant output with escapes is what its text means',
      flow: flow({ steps: [agent('a', { onError: { output: 'plain{{! a comment }} text' } })] }),
      mocks: { a: fails() },
      output: 'plain text',
    },
    {
      name: 'a template output sees the error',
      flow: flow({
        steps: [
          agent('z'),
          agent('a', { onError: { output: { why: '{{steps.a.error.message}}', z: '{{steps.z.output}}' } } }),
        ],
      }),
      mocks: { a: fails('broken') },
      output: { why: 'broken', z: 'z' },
    },
    {
      name: 'a condition can read what a substituted output holds',
      flow: flow({
        steps: [
          agent('z'),
          agent('a', { onError: { output: { score: '{{steps.z.output.score}}', text: 'x'.repeat(100) } } }),
          agent('b', { condition: '{{steps.a.output.score}} > 2 && length({{steps.a.output.text}}) == 100' }),
        ],
      }),
      mocks: { a: fails(), z: { score: 3 } },
      statuses: { a: 'completed', b: 'completed' },
    },
    {
      name: 'a template output that fails, fails the step',
      flow: flow({ steps: [agent('z'), agent('a', { onError: { output: 'got {{steps.z.output.no}}' } })] }),
      mocks: { a: fails('broken') },
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED' },
      statuses: { a: 'failed' },
    },
    {
      name: 'an inline step recovers',
      flow: flow({
        steps: [
          agent('a', { onError: agent('r', { input: { prompt: 'mend {{steps.a.error.message}}' } }) }),
          agent('b'),
        ],
      }),
      mocks: { a: fails('broken'), r: (call: { readonly input: unknown }) => call.input },
      trace: 'start a, start r, done r, done a, start b, done b',
      check: (outcome) => {
        expect(outcome.mocks.calls[1]?.input).toEqual({ prompt: 'mend broken' });
        expect(stepRecord(outcome, 'a')).toMatchObject({ status: 'completed' });
      },
    },
    {
      name: "an inline step without an id is '<step>-recovery'",
      flow: flow({ steps: [agent('a', { onError: { type: 'transform', template: { mended: true } } })] }),
      mocks: { a: fails() },
      output: { mended: true },
      statuses: { a: 'completed', 'a-recovery': 'completed' },
    },
    {
      name: 'conditions read the output of a recovered step',
      flow: flow({
        steps: [agent('a', { onError: agent('r') }), agent('b', { condition: '{{steps.a.output.score}} == 7' })],
      }),
      mocks: { a: fails(), r: { score: 7, text: 'x'.repeat(200) } },
      statuses: { b: 'completed' },
    },
    {
      name: 'a recovery step that fails, fails the step',
      flow: flow({ steps: [agent('a', { onError: agent('r') }), agent('b')] }),
      mocks: { a: fails('first'), r: fails('second') },
      status: 'failed',
      error: { message: 'second' },
      trace: 'start a, start r, fail r STEP_FAILED, fail a STEP_FAILED',
      statuses: { a: 'failed', r: 'failed' },
    },
    {
      name: 'a recovery step has its own retry',
      flow: flow({ steps: [agent('a', { onError: agent('r', { retry: { maxAttempts: 2, delay: 3 } }) })] }),
      mocks: { a: fails('first'), r: replies(fails('second'), 'ok') },
      output: 'ok',
      trace: 'start a, start r, retry r 3, start r.2, done r.2, done a',
    },
    {
      name: 'a group can recover',
      flow: flow({
        steps: [agent('a', { onError: { id: 'g', type: 'sequential', steps: [agent('r1'), agent('r2')] } })],
      }),
      mocks: { a: fails('first') },
      output: 'r2',
    },
    {
      name: 'a step that times out recovers too',
      flow: flow({ steps: [agent('a', { timeout: 10, onError: agent('r') })] }),
      mocks: { a: hangs() },
      output: 'r',
      elapsedMs: 10,
    },
    {
      name: 'of a group: an inner failure is the failure of the group',
      flow: flow({
        steps: [{ id: 'g', type: 'sequential', onError: { output: 'instead' }, steps: [agent('a'), agent('b')] }],
      }),
      mocks: { a: fails() },
      output: 'instead',
      trace: 'start g, start a, fail a STEP_FAILED, done g',
      calls: { a: 1 },
    },
    {
      name: "'continue' on a router that fails: nothing is chosen",
      flow: () =>
        flow({
          steps: [
            {
              id: 'r',
              type: 'conditional',
              onError: 'continue',
              condition: () => {
                throw new TerminalError('no idea');
              },
              then: 'a',
              else: 'b',
            },
            agent('a'),
            agent('b'),
            agent('c'),
          ],
        }),
      output: 'c',
      trace: 'start r, fail r TERMINAL, skip a (not chosen), skip b (not chosen), start c, done c',
    },
  ]);
});

describe('onError: goto', () => {
  bothWays([
    {
      name: 'forward: the named step is a branch step, chosen by the failure',
      flow: flow({ steps: [agent('a', { onError: { goto: 'c' } }), agent('b'), agent('c'), agent('d')] }),
      mocks: { a: fails() },
      trace: 'start a, fail a STEP_FAILED, start b, done b, start c, done c, start d, done d',
      output: 'd',
    },
    {
      name: 'forward: without the failure the named step is skipped',
      flow: flow({ steps: [agent('a', { onError: { goto: 'c' } }), agent('b'), agent('c'), agent('d')] }),
      trace: 'start a, done a, start b, done b, skip c (not chosen), start d, done d',
    },
    {
      name: 'forward, to the next step',
      flow: flow({ steps: [agent('a', { onError: { goto: 'c' } }), agent('c')] }),
      mocks: { a: fails() },
      trace: 'start a, fail a STEP_FAILED, start c, done c',
    },
    {
      name: 'back: a new visit of all steps from there on',
      flow: flow({ steps: [agent('a'), agent('b', { onError: { goto: 'a' } }), agent('c')] }),
      mocks: { b: replies(fails(), fails(), 'ok') },
      trace:
        'start a, done a, start b, fail b STEP_FAILED, start a#2, done a#2, start b#2, fail b#2 STEP_FAILED, start a#3, done a#3, start b#3, done b#3, start c, done c',
      calls: { a: 3, b: 3, c: 1 },
    },
    {
      name: 'back for ever is bounded by maxVisits',
      flow: flow({ maxVisits: 3, steps: [agent('a'), agent('b', { onError: { goto: 'a' } })] }),
      mocks: { b: fails() },
      status: 'failed',
      error: { name: 'LoopLimitError', code: 'LOOP_LIMIT' },
      calls: { a: 3, b: 3 },
    },
    {
      name: 'back in the last place of a group',
      flow: flow({
        steps: [
          { id: 'g', type: 'sequential', steps: [agent('a'), agent('b', { onError: { goto: 'a' } })] },
          agent('c'),
        ],
      }),
      mocks: { b: replies(fails(), 'ok') },
      output: 'c',
      calls: { a: 2, b: 2, c: 1 },
    },
    {
      name: 'forward to the last step of a group',
      flow: flow({
        steps: [
          { id: 'g', type: 'sequential', steps: [agent('a', { onError: { goto: 'b' } }), agent('b')] },
          agent('c'),
        ],
      }),
      mocks: { a: fails() },
      trace: 'start g, start a, fail a STEP_FAILED, start b, done b, done g, start c, done c',
    },
    {
      name: 'the error of the step that failed can be read where it leads',
      flow: flow({
        steps: [
          agent('a', { onError: { goto: 'b' } }),
          agent('b', { input: { prompt: '{{steps.a.error.code}} {{steps.a.error.details.status}}' } }),
        ],
      }),
      mocks: {
        a: fails(new WorkflowError('AGENT_ERROR', 'no', { details: { status: 503 } })),
        b: (call: { readonly input: unknown }) => call.input,
      },
      output: { prompt: 'AGENT_ERROR 503' },
    },
  ]);
});

describe('retry of structural steps', () => {
  bothWays([
    {
      name: 'a group is tried again when a step inside fails with what is worth another try',
      flow: flow({
        steps: [
          { id: 'g', type: 'sequential', retry: { maxAttempts: 2, delay: 100 }, steps: [agent('a'), agent('b')] },
        ],
      }),
      mocks: { b: replies(fails(), 'ok') },
      output: 'ok',
      trace:
        'start g, start a, done a, start b, fail b STEP_FAILED, retry g 100, start g.2, start a#2, done a#2, start b#2, done b#2, done g.2',
      elapsedMs: 100,
    },
    {
      name: 'but not with what is not',
      flow: flow({
        steps: [{ id: 'g', type: 'sequential', retry: { maxAttempts: 2, delay: 100 }, steps: [agent('a')] }],
      }),
      mocks: { a: fails(new TerminalError('no')) },
      status: 'failed',
      calls: { a: 1 },
    },
    {
      name: 'a group that is tried again forgets the choices of its routers',
      flow: flow({
        steps: [
          {
            id: 'g',
            type: 'sequential',
            retry: { maxAttempts: 2, delay: 100 },
            steps: [
              agent('z'),
              { id: 'r', type: 'switch', value: '{{steps.z.output}}', cases: { a: 'a', b: 'b' } },
              agent('a'),
              agent('b'),
            ],
          },
        ],
      }),
      mocks: { z: replies('a', 'b'), a: fails() },
      output: 'b',
      calls: { z: 2, a: 1, b: 1 },
      statuses: { a: 'skipped', b: 'completed' },
    },
    {
      name: 'a failFast parallel step is tried again',
      flow: flow({
        steps: [
          {
            id: 'p',
            type: 'parallel',
            failFast: true,
            retry: { maxAttempts: 2, delay: 10 },
            steps: [agent('a'), agent('b')],
          },
        ],
      }),
      mocks: { a: replies(fails(), 'ok') },
      output: { a: 'ok', b: 'b' },
    },
    {
      name: 'an AggregateStepError is tried again when retry.on names it',
      flow: flow({
        steps: [
          {
            id: 'p',
            type: 'parallel',
            retry: { maxAttempts: 2, delay: 10, on: ['STEPS_FAILED'] },
            steps: [agent('a'), agent('b')],
          },
        ],
      }),
      mocks: { a: replies(fails(), 'ok') },
      output: { a: 'ok', b: 'b' },
      calls: { a: 2, b: 2 },
    },
    {
      name: 'a parallel step with maxConcurrency that times out queues its branches again',
      flow: flow({
        steps: [
          {
            id: 'p',
            type: 'parallel',
            maxConcurrency: 1,
            timeout: 50,
            retry: { maxAttempts: 2, delay: 10 },
            steps: [agent('a'), agent('b')],
          },
        ],
      }),
      mocks: { b: replies(hangs(), 'ok') },
      output: { a: 'a', b: 'ok' },
      trace:
        'start p, start a, done a, start b, cancel b, retry p 10, start p.2, start a#2, done a#2, start b#2, done b#2, done p.2',
    },
  ]);
});
