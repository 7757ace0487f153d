/** The kernel on effects that the other side accepted: what is known of them, and what their heartbeats do. */
import { describe, expect, test } from 'vitest';
import type { RunState } from '../../src/core/advance.ts';
import type { HistoryEvent } from '../../src/core/event.ts';
import { restoreState, persistState } from '../../machines/persist.ts';
import { agent, flow } from '../support/flow.ts';
import { simulate, step, taken } from './simulation.ts';

const first = Date.UTC(2026, 0, 1);

class Story {
  readonly #started = simulate(
    flow({ steps: [agent('a', { retry: { maxAttempts: 2, delay: 10 }, timeout: '1h' }), agent('b')] }),
    1,
    { maxEvents: 1 },
  );
  readonly kernel = this.#started.kernel;
  state: RunState = this.#started.moments[0]?.advanced.state as RunState;

  /** What follows, `ms` after the beginning. */
  take(ms: number, event: HistoryEvent): ReturnType<typeof taken> {
    const advanced = taken(this.kernel, this.state, { seq: this.state.seq + 1, at: first + ms, event });
    this.state = advanced.state;
    return advanced;
  }

  refused(event: HistoryEvent): string {
    const advanced = step(this.kernel, this.state, { seq: this.state.seq + 1, at: first, event });
    return 'refused' in advanced ? advanced.refused : 'taken';
  }

  reload(): void {
    const { program } = this.#started.compiled;
    this.state = restoreState(this.kernel, program, persistState(this.state), this.state.seq, null);
  }

  get timers(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.state.timers.values()].map(({ name, dueAt }) => [name, dueAt - first]));
  }
}

const a = { effect: 'a', visit: 1, attempt: 1 } as const;
const accepted: HistoryEvent = { type: 'effect.accepted', ...a, heartbeatMs: 100 };
const beat: HistoryEvent = { type: 'effect.heartbeat', ...a };
const done: HistoryEvent = { type: 'effect.completed', ...a, output: { v: 1 } };

describe('an accepted effect', () => {
  test('is told of once, and stays under way', () => {
    const story = new Story();
    const { lifecycle, started, set } = story.take(5, accepted);
    expect(lifecycle).toEqual([{ type: 'step.accepted', step: 'a', visit: 1, attempt: 1 }]);
    expect([started, set.map(({ name }) => name)]).toEqual([[], ['heartbeat:a']]);
    expect([...story.state.effects.keys()]).toEqual(['a']);
    expect(story.refused(accepted)).toBe("effect 'a' was accepted already");
  });

  test('is known as such after a load', () => {
    const story = new Story();
    story.take(5, accepted);
    story.reload();
    expect(story.state.effects.get('a')?.accepted).toEqual({ heartbeatMs: 100 });
    expect(story.timers).toMatchObject({ 'heartbeat:a': 105 });
    expect(story.take(50, done).cancelled).toEqual(['heartbeat:a', 'timeout:a']);
    expect(story.timers).not.toHaveProperty('heartbeat:a');
  });

  test('is completed once', () => {
    const story = new Story();
    story.take(5, accepted);
    story.take(6, done);
    expect(story.refused(done)).toBe("effect 'a' (visit 1, attempt 1) is not active");
    expect([...story.state.effects.keys()]).toEqual(['b']);
  });

  test('without a heartbeat has no timer', () => {
    const story = new Story();
    story.take(5, { type: 'effect.accepted', ...a });
    expect(Object.keys(story.timers)).toEqual(['timeout:a']);
    story.take(6, beat);
    expect(Object.keys(story.timers)).toEqual(['timeout:a']);
  });
});

describe('a heartbeat', () => {
  test('puts off what its absence leads to: the attempt fails, and another one follows', () => {
    const story = new Story();
    story.take(5, accepted);
    const setBy = story.state.timers.get('heartbeat:a')?.setBy ?? 0;
    story.take(80, beat);
    expect(story.timers['heartbeat:a']).toBe(180);
    expect(story.refused({ type: 'timer.fired', timer: 'heartbeat:a', setBy })).toMatch(/is not set/);
    const { lifecycle, stopped } = story.take(180, {
      type: 'timer.fired',
      timer: 'heartbeat:a',
      setBy: story.state.seq,
    });
    expect(lifecycle).toMatchObject([
      {
        type: 'step.retrying',
        error: { code: 'TIMEOUT', message: expect.stringMatching(/no sign of life within 100 ms/) },
      },
    ]);
    expect([stopped, [...story.state.effects.keys()]]).toEqual([[], []]);
    story.take(190, { type: 'timer.fired', timer: 'backoff:a', setBy: story.state.seq });
    expect(story.state.effects.get('a')).toMatchObject({ input: { attempt: 2 } });
    expect(story.state.effects.get('a')?.accepted).toBeUndefined();
    expect(story.refused(done)).toMatch(/is not active/);
  });

  test('is one of an accepted effect', () => {
    const story = new Story();
    expect(story.refused(beat)).toBe("effect 'a' has not been accepted");
    expect(story.refused({ ...beat, attempt: 2 })).toMatch(/is not active/);
  });

  test('counts while the run is paused; what falls due then is applied when it is resumed, unless a later one came', () => {
    const story = new Story();
    story.take(5, accepted);
    story.take(6, { type: 'run.paused' });
    story.take(50, beat);
    expect([story.state.pause !== null, story.timers['heartbeat:a']]).toEqual([true, 150]);
    story.take(150, { type: 'timer.fired', timer: 'heartbeat:a', setBy: story.state.seq });
    story.take(151, beat);
    const { lifecycle } = story.take(200, { type: 'run.resumed' });
    expect(lifecycle).toEqual([{ type: 'run.resumed' }]);
    expect(story.timers['heartbeat:a']).toBe(251);
  });

  test('a cancelled run expects none', () => {
    const story = new Story();
    story.take(5, accepted);
    const { stopped, cancelled } = story.take(6, { type: 'run.cancelled' });
    expect([stopped, [...cancelled].toSorted()]).toEqual([['a'], ['heartbeat:a', 'timeout:a']]);
  });
});
