/** What the kernel takes and what it refuses, one event at a time. Properties over any workflow: test/engine/advance.test.ts. */
import { describe, expect, test } from 'vitest';
import { advance, statusOf, type RunState } from '../../src/core/advance.ts';
import { toErrorData } from '../../src/core/errors.ts';
import type { HistoryEvent } from '../../src/core/event.ts';
import { kernelOf } from '../../src/engine/catalog.ts';
import { startedEvent } from '../../src/engine/start.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { persistState } from '../../machines/persist.ts';
import { agent, flow } from '../support/flow.ts';

const definition = flow({
  steps: [
    agent('a', { timeout: 1000, retry: { maxAttempts: 2, delay: 10 } }),
    agent('b'),
    { id: 'w', type: 'wait', duration: 50 },
  ],
});
const kernel = kernelOf(compileWorkflow(definition));
const error = toErrorData(new Error('broken'));

const start = startedEvent(definition, { v: {} });
const done = (effect: string, visit = 1, attempt = 1): HistoryEvent => ({
  type: 'effect.completed',
  effect,
  visit,
  attempt,
  output: { v: effect },
});
const failed = (effect: string, visit = 1, attempt = 1): HistoryEvent => ({
  type: 'effect.failed',
  effect,
  visit,
  attempt,
  error,
});
const fired = (timer: string, setBy: number): HistoryEvent => ({ type: 'timer.fired', timer, setBy });

function after(...events: readonly HistoryEvent[]): RunState {
  return events.reduce((state, event) => {
    const next = advance(kernel, state, { seq: state.seq + 1, at: 1_000 * (state.seq + 1), event }, { runId: 'run' });
    if ('refused' in next) throw new Error(next.refused);
    return next.state;
  }, kernel.initial);
}

describe('an event is refused, and changes nothing', () => {
  test.each<[string, readonly HistoryEvent[], HistoryEvent]>([
    ['a result before the start', [], done('a')],
    ['a second start', [start], start],
    ['the result of an effect that does not exist', [start], done('nobody')],
    ['of one that has not begun', [start], done('b')],
    ['of one that is over', [start, done('a')], done('a')],
    ['of another visit', [start], done('a', 2)],
    ['of another attempt', [start], done('a', 1, 2)],
    ['the late result of attempt 1 during attempt 2', [start, failed('a'), fired('backoff:a', 2)], done('a', 1, 1)],
    ['the late failure of attempt 1 during attempt 2', [start, failed('a'), fired('backoff:a', 2)], failed('a', 1, 1)],
    ['the late result of an attempt that timed out, during its backoff', [start, fired('timeout:a', 1)], done('a')],
    ['a timer that is not set', [start], fired('backoff:a', 1)],
    ['a timer that was set by another event', [start], fired('timeout:a', 9)],
    ['a timer that has fired', [start, fired('timeout:a', 1)], fired('timeout:a', 1)],
    ['a timer that was cancelled', [start, done('a')], fired('timeout:a', 1)],
    ['a late failure after the end', [start, done('a'), done('b'), fired('wait:w', 3)], failed('b')],
    ['a cancel after the end', [start, done('a'), done('b'), fired('wait:w', 3)], { type: 'run.cancelled' }],
    ['a second cancel', [start, { type: 'run.cancelled' }], { type: 'run.cancelled' }],
    ['what looks like an event of XState', [start], done('a.error')],
    ['a name from a prototype', [start], done('toString')],
  ])('%s', (_name, before, event) => {
    const state = after(...before);
    const text = persistState(state);
    const answer = advance(kernel, state, { seq: state.seq + 1, at: 99_000, event }, { runId: 'run' });
    expect(answer).toEqual({ refused: expect.any(String) as unknown });
    expect(persistState(state)).toBe(text);
  });
});

describe('an event is taken', () => {
  test('what follows: effects, timers by their due time, what was cancelled', () => {
    const first = advance(kernel, kernel.initial, { seq: 1, at: 1_000, event: start }, { runId: 'run' });
    expect(first).toMatchObject({
      started: [{ id: 'a', src: 'agent', seq: 1, input: { step: 0, kind: 'work', visit: 1, attempt: 1 } }],
      set: [{ name: 'timeout:a', dueAt: 2_000, setBy: 1 }],
      stopped: [],
      cancelled: [],
      lifecycle: [{ type: 'run.started' }, { type: 'step.started', step: 'a', visit: 1, attempt: 1 }],
    });
    const { state } = first as { readonly state: RunState };
    const timedOut = advance(kernel, state, { seq: 2, at: 2_000, event: fired('timeout:a', 1) }, { runId: 'run' });
    expect(timedOut).toMatchObject({
      started: [],
      stopped: ['a'],
      set: [{ name: 'backoff:a', dueAt: 2_010, setBy: 2 }],
      cancelled: [],
    });
    const completed = advance(kernel, state, { seq: 2, at: 1_500, event: done('a') }, { runId: 'run' });
    expect(completed).toMatchObject({ started: [{ id: 'b' }], stopped: [], cancelled: ['timeout:a'] });
    expect(first).toMatchObject({ state: { seq: 1 } });
  });

  test.each<[readonly HistoryEvent[], string]>([
    [[], 'pending'],
    [[start], 'running'],
    [[start, { type: 'run.paused' }], 'paused'],
    [[start, { type: 'run.paused' }, { type: 'run.resumed' }], 'running'],
    [[start, done('a'), done('b'), fired('wait:w', 3)], 'completed'],
    [[start, done('a'), failed('b')], 'failed'],
    [[start, { type: 'run.cancelled' }], 'cancelled'],
    [[start, { type: 'run.paused' }, { type: 'run.cancelled' }], 'cancelled'],
    [[start, { type: 'run.terminated' }], 'cancelled'],
    [[start, { type: 'run.aborted', error }], 'failed'],
  ])('%j: %s', (events, status) => {
    expect(statusOf(after(...events))).toBe(status);
  });

  test('a result that comes during a pause is applied at its end', () => {
    const held = after(start, { type: 'run.paused', by: 'kim' }, done('a'));
    expect([...held.effects.keys()]).toEqual(['a']);
    const resumed = advance(kernel, held, { seq: 4, at: 9_000, event: { type: 'run.resumed' } }, { runId: 'run' });
    expect(resumed).toMatchObject({
      started: [{ id: 'b' }],
      lifecycle: [{ type: 'run.resumed' }, { type: 'step.completed', step: 'a' }, { type: 'step.started', step: 'b' }],
    });
    const twice = advance(kernel, held, { seq: 4, at: 9_000, event: done('a') }, { runId: 'run' });
    expect(twice).toHaveProperty('refused');
  });
});
