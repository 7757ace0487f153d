/** Follows the history of a real run through the explored moves: whether what happened is among what may happen. */
import { heartbeatOf } from '../../../src/core/accept.ts';
import type { HistoryEvent } from '../../../src/core/event.ts';
import type { LifecycleEvent } from '../../../src/core/lifecycle-event.ts';
import type { WorkflowDefinition } from '../../../src/definition/index.ts';
import { stepsOf } from '../../../src/verify/explore.ts';
import { createModel, type Model } from '../../../src/verify/model.ts';
import type { Move } from '../../../src/verify/move.ts';
import { Reduction } from '../../../src/verify/reduce.ts';
import { earlySignal } from '../../../src/verify/signals.ts';
import { contextOf, type Happening, type Situation } from '../../../src/verify/situation.ts';
import { Keys } from '../../../src/verify/situation-key.ts';
import { firstSituation, moveOn } from '../../../src/verify/step-by-step.ts';
import type { Told } from './histories.ts';

/** Null when every event has its move; else what was not expected. */
export function follow(definition: WorkflowDefinition, history: readonly Told[]): string | null {
  const follower = new Follower(createModel(definition));
  try {
    follower.all(history);
    return null;
  } catch (error) {
    if (error instanceof Unexpected) return error.message;
    throw error;
  }
}

class Unexpected extends Error {}

/** Loops in whose rounds it happens, outermost first. */
type Place = readonly string[];

class Follower {
  readonly #model: Model;
  readonly #keys: Keys;
  readonly #reduction = new Reduction({ interleave: true });

  constructor(model: Model) {
    this.#model = model;
    this.#keys = new Keys(model.desk);
  }

  all(history: readonly Told[]): void {
    let situations: readonly Situation[] = [firstSituation(this.#model)];
    for (const [at, told] of history.entries()) situations = this.#next(situations, told, [], `event ${at + 1}`);
  }

  #next(situations: readonly Situation[], told: Told, place: Place, name: string): readonly Situation[] {
    if (told.isHeld || told.isLeft || aside.has(told.event.type)) return situations;
    if (told.event.type === 'run.resumed' || told.held.length > 0) return this.#resumed(situations, told, place, name);
    const inRounds = this.#afterRounds(situations, told, place, name);
    const names = told.lifecycle.flatMap((each) => nameOf(each, place));
    const next = this.#moved(inRounds, told, place).filter(({ happened }) => happened.join() === names.join());
    if (next.length > 0) return this.#distinct(next.map(({ situation }) => situation));
    const seen = new Set(
      this.#moved(inRounds, told, place).map(({ label, happened }) => `${label} -> ${happened.join(', ')}`),
    );
    const what = `${place.join('/')} ${JSON.stringify(told.event).slice(0, 300)} -> ${names.join(', ')}`;
    throw new Unexpected(`${name}: ${what}\n  explored: ${[...seen].join('\n  ') || 'no such move'}`);
  }

  /** Where an event may lead, with what happens then. */
  #moved(situations: readonly Situation[], { event, kept }: Told, place: Place) {
    return (
      situations
        .flatMap((situation) => (kept.length > 0 && place.length === 0 ? this.#early(situation, kept) : [situation]))
        .flatMap((situation) =>
          stepsOf(situation, this.#reduction, true)
            .filter(({ rounds, move }) => rounds.join() === place.join() && fits(move, event))
            .flatMap((step) =>
              [...moveOn(this.#model, situation, step)].map((moved) => ({
                label: step.move.label,
                happened: moved.happenings.flatMap(nameOfHappening),
                situation: moved.situation,
              })),
            ),
        )
        // A signal is given early only for the step that takes it now.
        .filter(({ situation }) => contextOf(situation.spot.run).signals.length === 0)
    );
  }

  /** Signals that were kept, as coming just before they are looked for. */
  #early(situation: Situation, kept: readonly string[]): readonly Situation[] {
    const all = [situation];
    let last = [situation];
    for (let count = 0; count < Math.min(kept.length, 3); count++) {
      last = last.flatMap((each) =>
        each.spot.compiled.program.steps.flatMap(({ step }) => {
          const move = step.type === 'signal' && kept.includes(step.name) ? earlySignal(each.spot, step.id) : null;
          return move === null
            ? []
            : [...moveOn(this.#model, each, { move, rounds: [] })].map((moved) => moved.situation);
        }),
      );
      all.push(...last);
    }
    return this.#distinct(all);
  }

  /** The rounds of a loop are runs of their own: whatever they do comes before the loop's result. */
  #afterRounds(situations: readonly Situation[], told: Told, place: Place, name: string): readonly Situation[] {
    if (!('effect' in told.event)) return situations;
    const { effect } = told.event;
    let current = situations;
    for (const [index, round] of told.rounds.entries()) {
      current = this.#distinct(
        current.flatMap((situation) =>
          stepsOf(situation, this.#reduction, false)
            .filter(
              ({ rounds, move }) => rounds.join() === place.join() && move.kind === 'round' && move.about === effect,
            )
            .flatMap((step) => [...moveOn(this.#model, situation, step)])
            .filter(
              ({ happenings }) => happenings.flatMap(nameOfHappening).join() === beginning(round, [...place, effect]),
            )
            .map((moved) => moved.situation),
        ),
      );
      if (current.length === 0) throw new Unexpected(`${name}: loop '${effect}' has no round ${index} that begins so`);
      for (const [at, each] of round.slice(1).entries())
        current = this.#next(current, each, [...place, effect], `${name}, round ${index}, event ${at + 2}`);
    }
    return current;
  }

  /** What was held happens one after another, after a cancel that ended the pause; what an earlier one made void does not. */
  #resumed(situations: readonly Situation[], ending: Told, place: Place, name: string) {
    const names = ending.lifecycle.flatMap((each) => nameOf(each, place));
    const begun = situations.map((situation) => ({ situation, rest: names }));
    let open = ending.event.type === 'run.resumed' ? begun : begun.flatMap((each) => this.#taken(each, ending, place));
    for (const told of ending.held) {
      open = open.flatMap((each) => {
        const inRounds = this.#afterRounds([each.situation], told, place, name);
        return [each, ...inRounds.flatMap((situation) => this.#taken({ ...each, situation }, told, place))];
      });
    }
    const next = open.filter(({ rest }) => rest.length === 0);
    if (next.length > 0) return this.#distinct(next.map(({ situation }) => situation));
    throw new Unexpected(`${name}: what was held in a pause goes otherwise: ${names.join(', ')}`);
  }

  /** Where an event leads that is told of first among others. */
  #taken({ situation, rest }: Untold, told: Told, place: Place): readonly Untold[] {
    return this.#moved([situation], told, place)
      .filter(({ happened }) => happened.every((one, at) => one === rest[at]))
      .map((moved) => ({ situation: moved.situation, rest: rest.slice(moved.happened.length) }));
  }

  #distinct(situations: readonly Situation[]): readonly Situation[] {
    return [...new Map(situations.map((each) => [this.#keys.of(each), each])).values()];
  }
}

/** Within the end of a pause: what happened that is not accounted for. */
interface Untold {
  readonly situation: Situation;
  readonly rest: readonly string[];
}

/** What says nothing to the machine. */
const aside: ReadonlySet<string> = new Set(['effect.accepted', 'effect.heartbeat', 'run.paused']);

function beginning([first]: readonly Told[], place: Place): string {
  return (first?.lifecycle ?? []).flatMap((each) => nameOf(each, place)).join();
}

function fits(move: Move, event: HistoryEvent): boolean {
  switch (event.type) {
    case 'run.started':
      return move.kind === 'start';
    case 'effect.completed':
      return (move.kind === 'completes' || move.kind === 'no items') && move.about === event.effect;
    case 'effect.failed':
      return move.kind === 'fails' && move.about === event.effect;
    case 'timer.fired': {
      const silent = heartbeatOf(event.timer);
      return silent === null
        ? move.kind === 'timer' && move.about === event.timer
        : move.kind === 'fails' && move.about === silent;
    }
    case 'signal.received':
      return move.kind === 'signal' && move.about === event.name;
    case 'task.answered':
      return move.kind === 'answer' && move.about === event.step;
    case 'run.cancelled':
      return move.kind === 'cancel';
    case 'run.aborted':
      // It stands in the place of what the machine could not go on with.
      return move.kind !== 'round';
    default:
      return false;
  }
}

function nameOf(event: LifecycleEvent, place: Place): readonly string[] {
  switch (event.type) {
    case 'step.completed':
      return [`${event.step} completed ${event.branch ?? ''}`];
    case 'step.started':
    case 'step.failed':
    case 'step.skipped':
    case 'step.cancelled':
    case 'step.retrying':
    case 'step.compensating':
    case 'step.compensated':
      return [`${event.step} ${event.type.slice('step.'.length)}`];
    case 'task.opened':
      return [`${event.step} asked`];
    case 'run.completed':
    case 'run.failed':
    case 'run.cancelled':
      return place.length > 0 ? [] : [`run ${event.type.slice('run.'.length)}`];
    default:
      return [];
  }
}

function nameOfHappening(each: Happening): readonly string[] {
  if (each.type === 'round') return [];
  if (each.type === 'end') return [`run ${each.status}`];
  return [each.type === 'completed' ? `${each.step} completed ${each.branch ?? ''}` : `${each.step} ${each.type}`];
}
