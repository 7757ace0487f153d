/** Steps that wait for the world: people and signals, on the engine and as plain machines. */
import { describe, expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { expectSame } from '../support/both-ways.ts';
import { agent, flow } from '../support/flow.ts';
import { after, type MockTable } from '../support/mocks.ts';
import { statuses, type RunOutcome } from '../support/outcome.ts';
import { runPlain } from '../support/run-plain.ts';
import { runOnEngine } from '../support/test-engine.ts';

interface Told {
  /** Virtual milliseconds before it. @default 0 */
  readonly afterMs?: number;
  readonly signal?: string;
  readonly payload?: unknown;
  /** A step whose task is answered. */
  readonly task?: string;
  readonly visit?: number;
  readonly answer?: unknown;
}

interface Case {
  readonly name: string;
  readonly flow: WorkflowDefinition;
  readonly told?: readonly Told[];
  readonly mocks?: MockTable;
  readonly status?: string;
  readonly output?: unknown;
  readonly elapsedMs?: number;
  readonly statuses?: Readonly<Record<string, string>>;
}

function waitsFor(cases: readonly Case[]): void {
  test.each(cases)('$name', async (each) => {
    const { told = [], mocks = {} } = each;
    const onEngine = await runOnEngine(each.flow, {}, mocks, {
      meanwhile: async ({ engine, clock }, run) => {
        for (const { afterMs = 0, signal, payload, task, visit = 1, answer } of told) {
          await clock.advance(afterMs);
          if (signal !== undefined) await engine.signal(run, signal, payload);
          if (task !== undefined) await engine.answer(`${run}:${task}:${visit}`, answer, { by: 'kim' });
          await clock.settle();
        }
      },
    });
    const plain = await runPlain(each.flow, {}, mocks, {
      meanwhile: async (clock, send) => {
        for (const { afterMs = 0, signal, payload, task, visit = 1, answer } of told) {
          await clock.advance(afterMs);
          if (signal !== undefined) send({ type: 'signal.received', name: signal, payload } as never);
          if (task !== undefined)
            send({ type: 'task.answered', step: task, visit, output: { ...(answer as object), by: 'kim' } } as never);
          await clock.settle();
        }
      },
    });
    for (const outcome of [onEngine, plain]) expectCase(each, outcome);
    expectSame(onEngine, plain);
  });
}

function expectCase({ status = 'completed', ...each }: Case, outcome: RunOutcome): void {
  expect({ status: outcome.status, error: outcome.error?.message }).toMatchObject({ status });
  if ('output' in each) expect(outcome.output).toEqual(each.output);
  if (each.elapsedMs !== undefined) expect(outcome.elapsedMs).toBe(each.elapsedMs);
  if (each.statuses !== undefined) expect(statuses(outcome)).toMatchObject(each.statuses);
}

describe('signals', () => {
  const two = (more: Readonly<Record<string, unknown>> = {}) =>
    flow({
      steps: [
        agent('first', more),
        {
          id: 'p',
          type: 'parallel',
          steps: [
            { id: 's', type: 'signal', name: 'go' },
            { id: 't', type: 'signal', name: 'go' },
          ],
        },
      ],
      output: '{{steps.p.output}}',
    });
  waitsFor([
    {
      name: 'a payload of any kind is the output',
      flow: flow({ steps: [{ id: 's', type: 'signal', name: 'go' }], output: { s: '{{steps.s.output}}' } }),
      told: [{ signal: 'go', payload: { list: [1, 'x'.repeat(100)] } }],
      output: { s: { list: [1, 'x'.repeat(100)] } },
    },
    {
      name: 'without a payload it is null',
      flow: flow({ steps: [{ id: 's', type: 'signal', name: 'go' }], output: { s: '{{steps.s.output}}' } }),
      told: [{ signal: 'go' }],
      output: { s: null },
    },
    {
      name: 'two that wait for the same name take one signal each, in order',
      flow: two(),
      told: [
        { signal: 'go', payload: 1 },
        { afterMs: 5, signal: 'go', payload: 2 },
      ],
      output: { s: 1, t: 2 },
      elapsedMs: 5,
    },
    {
      name: 'two that wait for the same name share one kept signal out: one takes it',
      flow: two(),
      mocks: { first: after(10, 1) },
      told: [
        { signal: 'go', payload: 1 },
        { afterMs: 20, signal: 'go', payload: 2 },
      ],
      output: { s: 1, t: 2 },
      elapsedMs: 20,
    },
    {
      name: 'several kept signals are taken in the order in which they came',
      flow: two(),
      mocks: { first: after(10, 1) },
      told: [
        { signal: 'go', payload: 1 },
        { signal: 'go', payload: 2 },
      ],
      output: { s: 1, t: 2 },
      elapsedMs: 10,
    },
    {
      name: 'by what they match',
      flow: flow({
        steps: [
          agent('first'),
          {
            id: 'p',
            type: 'parallel',
            steps: [
              { id: 's', type: 'signal', name: 'go', match: '{{signal.payload.n}} > 5' },
              { id: 't', type: 'signal', name: 'go' },
            ],
          },
        ],
        output: '{{steps.p.output}}',
      }),
      mocks: { first: after(10, 1) },
      told: [
        { signal: 'go', payload: { n: 1 } },
        { signal: 'go', payload: { n: 9 } },
      ],
      output: { s: { n: 9 }, t: { n: 1 } },
    },
    {
      name: 'a timeout fails the step',
      flow: flow({
        steps: [{ id: 's', type: 'signal', name: 'go', timeout: '1h', onError: { output: 'nobody came' } }],
      }),
      told: [{ signal: 'come' }],
      output: 'nobody came',
      elapsedMs: 3_600_000,
    },
    {
      name: 'in a loop, one per round',
      flow: flow({
        steps: [
          { id: 'l', type: 'loop', until: '{{steps.s.output.last}}', step: { id: 's', type: 'signal', name: 'go' } },
        ],
        output: '{{steps.l.output}}',
      }),
      told: [
        { signal: 'go', payload: { n: 1 } },
        { signal: 'go', payload: { n: 2, last: true } },
      ],
      output: [{ n: 1 }, { n: 2, last: true }],
    },
    {
      name: 'what is kept when the run ends is forgotten',
      flow: flow({ steps: [agent('a')], output: 'done' }),
      mocks: { a: after(10, 1) },
      told: [{ signal: 'go' }],
      output: 'done',
    },
  ]);
});

describe('people', () => {
  const ask = (more: object = {}) => ({ id: 'h', type: 'human', title: 'Look', ...more });
  waitsFor([
    {
      name: 'the answer is the output; conditions read it',
      flow: flow({
        steps: [ask(), agent('a', { condition: '{{steps.h.output.decision}} === "approve"' })],
        output: { h: '{{steps.h.output.decision}}', a: '{{steps.a.output}}' },
      }),
      told: [{ task: 'h', answer: { decision: 'approve' } }],
      output: { h: 'approve', a: 'a' },
    },
    {
      name: 'no answer in time fails the step by default',
      flow: flow({ steps: [ask({ timeout: '1d', onError: 'continue' }), agent('a')] }),
      output: 'a',
      elapsedMs: 86_400_000,
      statuses: { h: 'failed' },
    },
    {
      name: "onTimeout 'reject'",
      flow: flow({
        steps: [
          ask({ timeout: '1d', onTimeout: 'reject' }),
          agent('a', { condition: '{{steps.h.output.decision}} === "approve"' }),
        ],
        output: '{{steps.h.output}}',
      }),
      output: { decision: 'reject', by: null },
      statuses: { a: 'skipped' },
    },
    {
      name: "onTimeout 'approve'",
      flow: flow({
        steps: [
          ask({ timeout: '1d', onTimeout: 'approve' }),
          agent('a', { condition: '{{steps.h.output.decision}} === "approve"' }),
        ],
      }),
      output: 'a',
    },
    {
      name: 'onTimeout may lead to a later step, which nobody else runs',
      flow: flow({
        steps: [ask({ timeout: '1d', onTimeout: 'late' }), agent('a'), agent('late')],
        output: '{{steps.h.branch}}',
      }),
      output: 'timeout',
      statuses: { h: 'completed', a: 'completed', late: 'completed' },
    },
    {
      name: 'and an answer in time does not lead there',
      flow: flow({ steps: [ask({ timeout: '1d', onTimeout: 'late' }), agent('a'), agent('late')] }),
      told: [{ task: 'h', answer: { decision: 'approve' } }],
      output: 'a',
      statuses: { late: 'skipped' },
    },
    {
      name: 'onTimeout may lead back',
      flow: flow({
        steps: [agent('a'), ask({ timeout: '1h', onTimeout: 'a' })],
        maxVisits: 3,
      }),
      status: 'failed',
      elapsedMs: 3 * 3_600_000,
    },
    {
      name: 'each pause has its own number',
      flow: flow({
        steps: [
          ask(),
          { id: 'r', type: 'conditional', condition: '{{steps.h.output.decision}} === "approve"', else: 'h' },
        ],
        output: '{{steps.h.output.decision}}',
      }),
      told: [
        { task: 'h', answer: { decision: 'reject' } },
        { task: 'h', visit: 2, answer: { decision: 'approve' } },
      ],
      output: 'approve',
    },
    {
      name: 'two people at a time',
      flow: flow({
        steps: [{ id: 'p', type: 'parallel', steps: [ask({ id: 'h' }), ask({ id: 'i' })] }],
        output: ['{{steps.h.output.decision}}', '{{steps.i.output.decision}}'],
      }),
      told: [
        { task: 'i', answer: { decision: 'reject' } },
        { task: 'h', answer: { decision: 'approve' } },
      ],
      output: ['approve', 'reject'],
    },
  ]);
});
