import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { statusOf, type RunState } from '../../src/core/advance.ts';
import { InvariantError } from '../../src/core/errors.ts';
import { parseDefinition, type WorkflowDefinition } from '../../src/definition/index.ts';
import { restoreState, persistState } from '../../machines/persist.ts';
import { anyWorkflow } from '../definition/any-workflow.ts';
import { agent, flow } from '../support/flow.ts';
import { flows } from './flows.ts';
import { simulate, step, stored, taken, tokenOf, type Simulated } from './simulation.ts';

const input = {
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

/** Any valid workflow, and any order in which what it starts ends. */
const anySimulation: fc.Arbitrary<Simulated> = fc.tuple(anyWorkflow, seeds).map(([data, seed]) => {
  const parsed = parseDefinition(data);
  if (parsed.definition === undefined) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
  return simulate(parsed.definition, seed, { input, maxEvents: 40 });
});

const ofFlows: fc.Arbitrary<Simulated> = fc
  .tuple(fc.constantFrom(...flows), seeds)
  .map(([each, seed]) => simulate(each.make(), seed, { input: each.input ?? {} }));

const simulations = { 'the test workflows': ofFlows, 'any workflow': anySimulation };

function statesOf({ kernel, moments }: Simulated): readonly RunState[] {
  return [kernel.initial, ...moments.map(({ advanced }) => advanced.state)];
}

describe.each(Object.entries(simulations))('of %s', (_name, any) => {
  const parameters = { numRuns: 60 };

  test('the replay of what is stored gives the live state, event by event', () => {
    fc.assert(
      fc.property(any, (simulated) => {
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
      fc.property(any, (simulated) => {
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
      fc.property(any, (simulated) => {
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
      fc.property(any, ({ moments }) => {
        const effects = new Set<string>();
        const timers = new Set<string>();
        for (const { recorded, advanced } of moments) {
          const { event } = recorded;
          if (event.type === 'effect.completed' || event.type === 'effect.failed') effects.delete(event.effect);
          if (event.type === 'timer.fired') timers.delete(event.timer);
          for (const id of advanced.stopped) expect(effects.delete(id)).toBe(true);
          for (const name of advanced.cancelled) expect(timers.delete(name)).toBe(true);
          for (const { id } of advanced.started) effects.add(id);
          for (const { name } of advanced.set) timers.add(name);
          expect(new Set(advanced.state.effects.keys())).toEqual(effects);
          expect(new Set(advanced.state.timers.keys())).toEqual(timers);
          if (advanced.state.snapshot.status !== 'active') expect([effects.size, timers.size]).toEqual([0, 0]);
        }
      }),
      parameters,
    );
  });
});
