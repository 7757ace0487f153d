import fc from 'fast-check';
import { heartbeatOf } from '../../src/core/accept.ts';
import { createMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import { advance, createKernel, statusOf, type RunState } from '../../src/core/advance.ts';
import { InvariantError } from '../../src/core/errors.ts';
import { parseDefinition } from '../../src/definition/index.ts';
import { restoreState, persistState } from '../../machines/persist.ts';
import { anyWorkflow } from '../definition/any-workflow.ts';
import { agent, flow } from '../support/flow.ts';
import { flows } from './flows.ts';
import { simulate, step, stored, taken, tokenOf, type Simulated } from './simulation.ts';

const anyInput = {
  n: 5,
  text: 'x and y',
  a: '',
  list: [1, 2],
  q: 'q',
  url: 'https://a.example',
  pause: '5s',
  topic: 'tides',
};

const seeds = fc.integer({ min: 1, max: 1_000_000 });

/** Short, also where a counterexample is told. */
interface Seed {
  readonly name: string;
  readonly seed: number;
  readonly simulate: () => Simulated;
}

/** Any valid workflow, and any order in which what it starts ends. */
const anySimulation: fc.Arbitrary<Seed> = fc.tuple(anyWorkflow, seeds).map(([data, seed]) => ({
  name: JSON.stringify(data),
  seed,
  simulate: () => {
    const { definition, issues } = parseDefinition(data);
    if (definition === undefined) throw new Error(issues.map(({ message }) => message).join('; '));
    return simulate(definition, seed, { input: anyInput, maxEvents: 40 });
  },
}));

const ofFlows: fc.Arbitrary<Seed> = fc.tuple(fc.constantFrom(...flows), seeds).map(([each, seed]) => ({
  name: each.name,
  seed,
  simulate: () => simulate(each.make(), seed, { input: each.input ?? {} }),
}));

const simulations = { 'the test workflows': ofFlows, 'any workflow': anySimulation };

function statesOf({ kernel, moments }: Simulated): readonly RunState[] {
  return [kernel.initial, ...moments.map(({ advanced }) => advanced.state)];
}

describe.each(Object.entries(simulations))('of %s', (_name, any) => {
  const parameters = { numRuns: 60 };

  test('the replay of what is stored gives the live state, event by event', () => {
    fc.assert(
      fc.property(any, (each) => {
        const simulated = each.simulate();
        const { kernel, moments } = simulated;
        let state = kernel.initial;
        for (const { recorded, advanced } of moments) {
          const again = taken(kernel, state, stored(recorded));
          expect(persistState(again.state)).toBe(persistState(advanced.state));
          expect(JSON.parse(JSON.stringify(again.lifecycle))).toEqual(JSON.parse(JSON.stringify(advanced.lifecycle)));
          expect(again.started.map(tokenOf)).toEqual(advanced.started.map(tokenOf));
          expect([again.stopped, again.set, again.cancelled]).toEqual([
            advanced.stopped,
            advanced.set,
            advanced.cancelled,
          ]);
          ({ state } = again);
        }
      }),
      parameters,
    );
  });

  test('saving and loading at every event changes nothing that follows', () => {
    fc.assert(
      fc.property(any, (each) => {
        const simulated = each.simulate();
        const { kernel, moments, compiled } = simulated;
        statesOf(simulated).forEach((state, cut) => {
          if (cut === 0 || state.snapshot.status !== 'active') return;
          const text = persistState(state);
          let loaded = restoreState(kernel, compiled.program, text, state.seq, null);
          expect(persistState(loaded)).toBe(text);
          for (const { recorded, advanced } of moments.slice(cut, cut + 6)) {
            const next = taken(kernel, loaded, stored(recorded));
            expect(persistState(next.state)).toBe(persistState(advanced.state));
            expect([next.stopped, next.set, next.cancelled]).toEqual([
              advanced.stopped,
              advanced.set,
              advanced.cancelled,
            ]);
            loaded = next.state;
          }
        });
      }),
      parameters,
    );
  });

  test('an effect or timer that is over is refused, and leaves the state as it is', () => {
    fc.assert(
      fc.property(any, (each) => {
        const simulated = each.simulate();
        const { kernel, moments } = simulated;
        const last = statesOf(simulated).at(-1) as RunState;
        for (const { recorded } of moments) {
          const { event } = recorded;
          if (event.type !== 'effect.completed' && event.type !== 'effect.failed' && event.type !== 'timer.fired')
            continue;
          const late = { seq: last.seq + 1, at: recorded.at, event };
          expect(step(kernel, last, late)).toHaveProperty('refused');
        }
      }),
      parameters,
    );
  });

  test('what starts is active until it ends or is stopped, and an ended run has nothing under way', () => {
    fc.assert(
      fc.property(any, (each) => {
        const { moments } = each.simulate();
        const effects = new Set<string>();
        const timers = new Set<string>();
        for (const { recorded, advanced } of moments) {
          const { event } = recorded;
          if (event.type === 'effect.completed' || event.type === 'effect.failed') effects.delete(event.effect);
          if (event.type === 'timer.fired') {
            timers.delete(event.timer);
            // Without a sign of life the effect has failed.
            if (heartbeatOf(event.timer) !== null) effects.delete(heartbeatOf(event.timer) ?? '');
          }
          const isResume = event.type === 'run.resumed';
          for (const id of advanced.stopped) expect(effects.delete(id) || isResume).toBe(true);
          for (const name of advanced.cancelled) expect(timers.delete(name) || isResume).toBe(true);
          for (const { id } of advanced.started) effects.add(id);
          for (const { name } of advanced.set) timers.add(name);
          // What is held of a paused run is still under way for it.
          if (advanced.state.pause !== null || event.type === 'run.resumed') {
            effects.clear();
            timers.clear();
            for (const id of advanced.state.effects.keys()) effects.add(id);
            for (const name of advanced.state.timers.keys()) timers.add(name);
          }
          expect(new Set(advanced.state.effects.keys())).toEqual(effects);
          expect(new Set(advanced.state.timers.keys())).toEqual(timers);
          if (advanced.state.snapshot.status !== 'active') expect([effects.size, timers.size]).toEqual([0, 0]);
        }
      }),
      parameters,
    );
  });
});

describe('an event that the run does not take', () => {
  const kernelFor = (...steps: Parameters<typeof flow>[0]['steps']) => {
    const definition = flow({ steps });
    const { kernel, moments } = simulate(definition, 1, { maxEvents: 1 });
    const [started] = moments;
    if (started === undefined) throw new Error('not started');
    return { kernel, started: started.advanced.state };
  };
  const at = Date.UTC(2026, 0, 2);
  const done = { type: 'effect.completed', effect: 'a', visit: 1, attempt: 1, output: { v: 'late' } } as const;
  const error = { name: 'Error', code: 'STEP_FAILED', message: 'late', retryable: true };
  const failed = { type: 'effect.failed', effect: 'a', visit: 1, attempt: 1, error } as const;
  const retried = { retry: { maxAttempts: 2, delay: 10 }, timeout: 100 };

  test('the answer of attempt 1 during attempt 2', () => {
    const { kernel, started } = kernelFor(agent('a', retried));
    const timeout = { type: 'timer.fired', timer: 'timeout:a', setBy: 1 } as const;
    const waiting = taken(kernel, started, { seq: 2, at, event: timeout }).state;
    expect(step(kernel, waiting, { seq: 3, at, event: done })).toEqual({
      refused: "effect 'a' (visit 1, attempt 1) is not active",
    });
    const second = taken(kernel, waiting, { seq: 3, at, event: { type: 'timer.fired', timer: 'backoff:a', setBy: 2 } });
    expect(second.started.map(tokenOf)).toEqual([{ effect: 'a', visit: 1, attempt: 2 }]);
    for (const event of [done, failed]) {
      expect(step(kernel, second.state, { seq: 4, at, event })).toHaveProperty('refused');
    }
    expect(step(kernel, second.state, { seq: 4, at, event: timeout })).toEqual({
      refused: "timer 'timeout:a' set by event 1 is not set",
    });
  });

  test('a failure after the end, and a cancel', () => {
    const { kernel, started } = kernelFor(agent('a'));
    const ended = taken(kernel, started, { seq: 2, at, event: done });
    expect(statusOf(ended.state)).toBe('completed');
    for (const event of [failed, done, { type: 'run.cancelled' } as const]) {
      expect(step(kernel, ended.state, { seq: 3, at, event })).toEqual({ refused: 'the run is completed' });
    }
  });

  test('results of effects and timers that never were', () => {
    const { kernel, started } = kernelFor(agent('a'));
    for (const effect of ['b', '', '__proto__', 'a.complete', '$run.start']) {
      expect(step(kernel, started, { seq: 2, at, event: { ...done, effect } })).toHaveProperty('refused');
    }
    expect(
      step(kernel, started, { seq: 2, at, event: { type: 'timer.fired', timer: 'wait:a', setBy: 1 } }),
    ).toHaveProperty('refused');
  });

  test('a machine that ignores the result of an effect that it started is a bug, not a refusal', () => {
    const machine = createMachine({ initial: '$boot', states: { $boot: {} } });
    const restore = (): never => {
      throw new Error('nothing is restored');
    };
    const keeping = { keep: () => undefined, keepInput: () => undefined, keepSignal: () => undefined, restore };
    const kernel = createKernel(machine, keeping);
    const input = { effect: 'a', visit: 1, attempt: 1 };
    const state = { ...kernel.initial, effects: new Map([['a', { id: 'a', src: 'agent', input, seq: 1 }]]) };
    expect(() => advance(kernel, state, { seq: 2, at, event: done }, { runId: 'run' })).toThrow(InvariantError);
  });
});

test('a run that cannot begin fails with its input in place', () => {
  const definition = flow({ steps: [agent('a')], onFailure: [agent('clean')] });
  const { kernel, moments } = simulate(definition, 1, { maxEvents: 1, input: { n: 1 } });
  const started = moments[0]?.recorded;
  if (started?.event.type !== 'run.started') throw new Error('not started');
  const aborted = { name: 'Error', code: 'CONDITION_FAILED', message: 'no end', retryable: false };
  const advanced = taken(kernel, kernel.initial, { ...started, event: { ...started.event, aborted } });
  expect(advanced.state.snapshot).toMatchObject({
    context: { run: { id: 'run' }, input: { r: { seq: 1 } }, error: aborted },
  });
  expect(advanced.started.map(({ id }) => id)).toEqual(['clean']);
  expect(advanced.lifecycle.map(({ type }) => type)).toEqual(['run.started', 'step.started']);
});

test('timers that are set at the end of a pause count from there', () => {
  const { kernel, moments } = simulate(flow({ steps: [agent('a'), agent('b', { timeout: 60_000 })] }), 1, {
    maxEvents: 1,
  });
  let state = moments[0]?.advanced.state as RunState;
  const start = moments[0]?.recorded.at ?? 0;
  const take = (at: number, event: Parameters<typeof taken>[2]['event']) => {
    const advanced = taken(kernel, state, { seq: state.seq + 1, at: start + at, event });
    ({ state } = advanced);
    return advanced;
  };
  take(1_000, { type: 'run.paused' });
  expect(
    take(2_000, { type: 'effect.completed', effect: 'a', visit: 1, attempt: 1, output: { v: 1 } }).started,
  ).toEqual([]);
  const resumed = take(3_600_000, { type: 'run.resumed' });
  expect(resumed.started).toMatchObject([{ id: 'b', seq: 4 }]);
  expect(resumed.set).toMatchObject([{ name: 'timeout:b', dueAt: start + 3_660_000 }]);
  expect(state.effects.get('b')).toBe(resumed.started[0]);
});
