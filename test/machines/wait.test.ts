import { describe, expect, test } from 'vitest';
import { createActor, fromPromise, toPromise } from 'xstate';
import { toMachine } from '../../src/engine/to-machine.ts';
import { bothWays } from '../support/both-ways.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { after, fails, hangs, replies } from '../support/mocks.ts';
import { runOnEngine } from '../support/test-engine.ts';

const wait = (more: object): LooseStep => ({ id: 'w', type: 'wait', ...more });
const day = 86_400_000;

describe('wait for a time', () => {
  bothWays([
    {
      name: 'milliseconds; the output is null',
      flow: flow({ steps: [wait({ duration: 5000 })], output: { w: '{{steps.w.output}}' } }),
      output: { w: null },
      elapsedMs: 5000,
      trace: 'start w, done w',
    },
    { name: 'text', flow: flow({ steps: [wait({ duration: '1.5m' })] }), elapsedMs: 90_000 },
    { name: 'zero', flow: flow({ steps: [wait({ duration: 0 })] }), elapsedMs: 0 },
    { name: 'longer than a timer can hold', flow: flow({ steps: [wait({ duration: '60d' })] }), elapsedMs: 60 * day },
    {
      name: 'exactly as long as a timer can hold, and one more',
      flow: flow({ steps: [wait({ duration: 2 ** 31 - 1 }), { id: 'v', type: 'wait', duration: 2 ** 31 }] }),
      elapsedMs: 2 ** 32 - 1,
    },
    {
      name: 'a template that gives milliseconds',
      flow: flow({ steps: [wait({ duration: '{{workflow.input.ms}}' })] }),
      input: { ms: 250 },
      elapsedMs: 250,
    },
    {
      name: 'a template that gives milliseconds as text',
      flow: flow({ steps: [wait({ duration: '{{workflow.input.ms}}' })] }),
      input: { ms: '250' },
      elapsedMs: 250,
    },
    {
      name: 'a template that gives a duration',
      flow: flow({ steps: [wait({ duration: '{{workflow.input.s}}s' })] }),
      input: { s: 3 },
      elapsedMs: 3000,
    },
    {
      name: 'a template that gives no duration fails the step',
      flow: flow({ steps: [wait({ duration: '{{workflow.input.s}}' })] }),
      input: { s: 'soon' },
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED' },
    },
    {
      name: 'a template that gives a negative duration fails the step',
      flow: flow({ steps: [wait({ duration: '{{workflow.input.s}}' })] }),
      input: { s: -1 },
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED' },
    },
    {
      name: 'a wait that times out and is tried again waits its full time again',
      flow: flow({
        steps: [
          wait({ duration: 100, timeout: 60, retry: { maxAttempts: 2, delay: 10 }, onError: 'continue' }),
          agent('b'),
        ],
      }),
      elapsedMs: 130,
      trace: 'start w, retry w 10, start w.2, fail w.2 TIMEOUT, start b, done b',
    },
    {
      name: 'in a loop it waits in each round',
      flow: flow({ steps: [{ id: 'l', type: 'loop', until: '{{loop.index}} >= 2', step: wait({ duration: 10 }) }] }),
      elapsedMs: 30,
    },
    {
      name: 'two waits in parallel',
      flow: flow({
        steps: [
          { id: 'p', type: 'parallel', steps: [wait({ duration: 10 }), { id: 'v', type: 'wait', duration: 30 }] },
        ],
      }),
      output: { w: null, v: null },
      elapsedMs: 30,
    },
  ]);
});

describe('wait until', () => {
  test('a time in the future, by the clock of the engine', async () => {
    const outcome = await runOnEngine(flow({ steps: [wait({ until: '2026-01-01T01:00:00Z' })] }));
    expect(outcome).toMatchObject({ status: 'completed', elapsedMs: 3_600_000 });
  });

  test('a template; months away', async () => {
    const outcome = await runOnEngine(flow({ steps: [wait({ until: '{{workflow.input.at}}' })] }), {
      at: '2026-07-01T00:00:00+02:00',
    });
    expect(outcome).toMatchObject({ status: 'completed', elapsedMs: 181 * day - 7_200_000 });
  });

  bothWays([
    { name: 'a time in the past', flow: flow({ steps: [wait({ until: '2001-01-01T00:00:00Z' })] }), elapsedMs: 0 },
    {
      name: 'what is no time fails the step',
      flow: flow({ steps: [wait({ until: '{{workflow.input.at}}' })] }),
      input: { at: 'tomorrow' },
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED', message: "'until' of step 'w' is not an ISO 8601 time but \"tomorrow\"" },
    },
    {
      name: 'what is missing fails the step',
      flow: flow({ steps: [wait({ until: '{{workflow.input.at}}' })] }),
      status: 'failed',
      error: { code: 'TEMPLATE_FAILED' },
    },
  ]);
});

describe('wait while a condition is true', () => {
  const polled = (more: object = {}): LooseStep =>
    wait({ condition: '{{steps.job.output.status}} === "pending"', poll: agent('job'), pollInterval: 1000, ...more });
  const pending = { status: 'pending' };
  const ready = { status: 'ready' };
  bothWays([
    {
      name: 'false at the first look: completes at once',
      flow: flow({ steps: [polled()] }),
      mocks: { job: ready },
      elapsedMs: 0,
      trace: 'start w, start job, done job, done w',
    },
    {
      name: 'looks again every pollInterval, polling before each look',
      flow: flow({ steps: [polled()] }),
      mocks: { job: replies(pending, pending, pending, ready) },
      elapsedMs: 3000,
      calls: { job: 4 },
      trace:
        'start w, start job, done job, start job#2, done job#2, start job#3, done job#3, start job#4, done job#4, done w',
    },
    {
      name: 'duration is the first pause',
      flow: flow({ steps: [polled({ duration: 10_000 })] }),
      mocks: { job: replies(pending, pending, ready) },
      elapsedMs: 11_000,
    },
    {
      name: 'each poll has its own key',
      flow: flow({ steps: [polled()] }),
      mocks: { job: replies(pending, pending, ready) },
      check: ({ mocks }) => {
        expect(new Set(mocks.calls.map(({ key }) => key)).size).toBe(3);
      },
    },
    {
      name: 'maxWait fails it',
      flow: flow({ steps: [polled({ maxWait: 2500 })] }),
      mocks: { job: pending },
      status: 'failed',
      error: { code: 'TIMEOUT', details: { step: 'w' } },
      elapsedMs: 2500,
      calls: { job: 3 },
    },
    {
      name: "onTimeout 'continue' goes on",
      flow: flow({ steps: [polled({ maxWait: 2500, onTimeout: 'continue' }), agent('b')] }),
      mocks: { job: pending },
      output: 'b',
      elapsedMs: 2500,
      statuses: { w: 'completed' },
    },
    {
      name: 'maxWait also ends a poll that hangs, which is cancelled',
      flow: flow({ steps: [polled({ maxWait: 2500, onTimeout: 'continue' }), agent('b')] }),
      mocks: { job: replies(pending, hangs()) },
      output: 'b',
      statuses: { w: 'completed', job: 'cancelled' },
      trace: 'start w, start job, done job, start job#2, cancel job#2, done w, start b, done b',
    },
    {
      name: 'a poll that takes time',
      flow: flow({ steps: [polled()] }),
      mocks: { job: replies(after(500, pending), after(200, ready)) },
      elapsedMs: 1700,
    },
    {
      name: 'a poll that fails, fails the wait',
      flow: flow({ steps: [polled({ onError: 'continue' }), agent('b')] }),
      mocks: { job: replies(pending, fails('gone')) },
      statuses: { w: 'failed', job: 'failed', b: 'completed' },
    },
    {
      name: 'a group that polls, with a router inside, is fresh at each poll',
      flow: flow({
        steps: [
          wait({
            condition: '{{steps.job.output}} !== "c"',
            poll: {
              id: 'g',
              type: 'sequential',
              steps: [
                agent('job'),
                { id: 's', type: 'switch', value: '{{steps.job.output}}', cases: { a: 'a', b: 'b' } },
                agent('a'),
                agent('b'),
              ],
            },
          }),
        ],
      }),
      mocks: { job: replies('a', 'b', 'c') },
      calls: { job: 3, a: 1, b: 1 },
    },
    {
      name: 'a condition that another branch makes false is seen at once, not at the next look',
      flow: flow({
        state: { ready: false },
        steps: [
          {
            id: 'p',
            type: 'parallel',
            steps: [
              wait({ condition: '!{{state.ready}}', pollInterval: '1h' }),
              agent('b', { assign: { ready: true } }),
            ],
          },
        ],
      }),
      mocks: { b: after(70, 1) },
      elapsedMs: 70,
    },
    {
      name: 'a function decides, at each look',
      flow: () => {
        let looks = 0;
        return flow({
          steps: [
            wait({
              condition: () => {
                looks += 1;
                return looks < 4;
              },
              pollInterval: 50,
            }),
          ],
        });
      },
      elapsedMs: 150,
    },
    {
      name: 'a function that throws fails the wait',
      flow: () =>
        flow({
          steps: [
            wait({
              condition: () => {
                throw new Error('no idea');
              },
            }),
          ],
        }),
      status: 'failed',
      error: { message: 'no idea' },
    },
    {
      name: 'a wait that times out and is tried again begins anew',
      flow: flow({ steps: [polled({ duration: 10, timeout: 1500, retry: { maxAttempts: 2, delay: 0 } })] }),
      mocks: { job: replies(pending, pending, pending, ready) },
      trace:
        'start w, start job, done job, start job#2, done job#2, start job#3, done job#3, retry w 0, start w.2, start job#4, done job#4, done w.2',
      elapsedMs: 1500,
    },
  ]);
});

test('under plain XState a timeout that is longer than timers can be does not fire at once', async () => {
  const machine = toMachine(flow({ timeout: '90d', steps: [agent('a', { timeout: '60d', totalTimeout: '70d' })] }));
  const answer = Promise.withResolvers<string>();
  const actor = createActor(machine.provide({ actors: { agent: fromPromise(() => answer.promise) } }), { input: {} });
  const told: string[] = [];
  actor.on('*', ({ type }) => told.push(type));
  actor.start();
  // A timer that cannot hold its time fires in the next turn.
  await new Promise((resolve) => setTimeout(resolve, 20));
  answer.resolve('there');
  await toPromise(actor);
  expect(told).toEqual(['run.started', 'step.started', 'step.completed', 'run.completed']);
});
