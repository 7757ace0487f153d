/** What the kernel takes and what it refuses, one event at a time. Properties over any workflow: test/engine/advance.test.ts. */
import { describe, expect, test } from 'vitest';
import { advance, statusOf, type RunState } from '../../src/core/advance.ts';
import { toErrorData } from '../../src/core/errors.ts';
import type { HistoryEvent } from '../../src/core/event.ts';
import { kernelOf } from '../../machines/kernel-of.ts';
import { startedEvent } from '../../src/engine/runs/start.ts';
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

describe('during a pause', () => {
  const paused: HistoryEvent = { type: 'run.paused', by: 'kim', why: 'lunch' };
  const task = kernelOf(
    compileWorkflow(
      flow({
        steps: [
          {
            id: 'both',
            type: 'parallel',
            steps: [agent('a', { timeout: 1000 }), { id: 'ask', type: 'human', title: 'Yes?' }],
          },
        ],
      }),
    ),
  );
  const answered: HistoryEvent = { type: 'task.answered', step: 'ask', visit: 1, output: { v: { approved: true } } };

  function given(events: readonly HistoryEvent[], event: HistoryEvent) {
    let state = task.initial;
    for (const each of [startedEvent(definition, { v: {} }), ...events]) {
      const next = advance(task, state, { seq: state.seq + 1, at: 1_000, event: each }, { runId: 'run' });
      if ('refused' in next) throw new Error(next.refused);
      state = next.state;
    }
    return advance(task, state, { seq: state.seq + 1, at: 9_000, event }, { runId: 'run' });
  }

  test.each<[string, readonly HistoryEvent[], HistoryEvent]>([
    ['a second pause', [paused], paused],
    ['a resume of a run that is not paused', [], { type: 'run.resumed' }],
    ['a second answer to one task', [paused, answered], answered],
    ['a second firing of one timer', [paused, fired('timeout:a', 1)], fired('timeout:a', 1)],
    ['a second result', [paused, failed('a')], done('a')],
    ['what the run would not take now', [paused], done('nobody')],
  ])('%s is refused', (_name, before, event) => {
    expect(given(before, event)).toEqual({ refused: expect.any(String) as unknown });
  });

  test('who paused and resumed it, and why, is told', () => {
    expect(given([], paused)).toMatchObject({ lifecycle: [{ type: 'run.paused', by: 'kim', why: 'lunch' }] });
    expect(given([paused], { type: 'run.resumed', by: 'lee', why: 'back' })).toMatchObject({
      lifecycle: [{ type: 'run.resumed', by: 'lee', why: 'back' }],
    });
  });

  test('of a timer and a result that were held, the first decides; the run ends as it would have', () => {
    const both = given([paused, done('a'), fired('timeout:a', 1), answered], { type: 'run.resumed' });
    expect(both).toMatchObject({ cancelled: ['timeout:a'], started: [] });
    expect(statusOf((both as { readonly state: RunState }).state)).toBe('completed');
  });
});

describe('a run that undoes what it did', () => {
  const saga = kernelOf(
    compileWorkflow(
      flow({
        steps: [agent('a', { compensate: agent('undo-a') }), agent('b', { compensate: agent('undo-b') }), agent('c')],
      }),
    ),
  );

  function undoing(): RunState {
    return [startedEvent(definition, { v: {} }), done('a'), done('b'), failed('c')].reduce((state, event) => {
      const next = advance(saga, state, { seq: state.seq + 1, at: 1_000, event }, { runId: 'run' });
      if ('refused' in next) throw new Error(next.refused);
      return next.state;
    }, saga.initial);
  }

  test('and cannot go on with it, says what it has not undone', () => {
    const state = undoing();
    expect([...state.effects.keys()]).toEqual(['undo-b']);
    const event: HistoryEvent = { type: 'run.aborted', error };
    const aborted = advance(saga, state, { seq: state.seq + 1, at: 2_000, event }, { runId: 'run' });
    expect(aborted).toMatchObject({
      stopped: ['undo-b'],
      lifecycle: expect.arrayContaining([
        { type: 'run.compensated', compensation: 'incomplete', notCompensated: ['b:1', 'a:1'] },
      ]) as unknown,
    });
    expect(statusOf((aborted as { readonly state: RunState }).state)).toBe('failed');
  });
});
