/** Follows the history of a real run through the explored moves: whether what happened is among what may happen. */
import type { HistoryEvent } from '../../../src/core/event.ts';
import type { LifecycleEvent } from '../../../src/core/lifecycle-event.ts';
import { createModel, type Model } from '../../../src/verify/model.ts';
import { stepsOf } from '../../../src/verify/explore.ts';
import type { Move } from '../../../src/verify/move.ts';
import type { Program } from '../../../machines/program.ts';
import { Reduction, type Order } from '../../../src/verify/reduce.ts';
import type { Happening, Situation } from '../../../src/verify/situation.ts';
import { Keys } from '../../../src/verify/situation-key.ts';
import { firstSituation, moveOn } from '../../../src/verify/step-by-step.ts';
import type { WorkflowDefinition } from '../../../src/definition/index.ts';

/** A history event with what followed from it. */
export interface Told {
  readonly event: HistoryEvent;
  readonly lifecycle: readonly LifecycleEvent[];
}

/** Null when every event has its move; else what was not expected. */
export function follow(definition: WorkflowDefinition, history: readonly Told[]): string | null {
  const follower = new Follower(createModel(definition));
  for (const [at, told] of history.entries()) {
    const problem = follower.next(told);
    if (problem !== null) return `event ${at + 1}: ${problem}`;
  }
  return null;
}

/** A run's own moves in every order; inside of rounds, of which its history says nothing, one order will do. */
class OuterOrders extends Reduction {
  constructor() {
    super({});
  }

  override orderOf(program: Program, step: number): Order {
    return program.loop === null ? 'free' : super.orderOf(program, step);
  }
}

class Follower {
  readonly #model: Model;
  readonly #keys: Keys;
  readonly #reduction = new OuterOrders();
  #situations: readonly Situation[];

  constructor(model: Model) {
    this.#model = model;
    this.#keys = new Keys(model.desk);
    this.#situations = [firstSituation(model)];
  }

  next({ event, lifecycle }: Told): string | null {
    const expected = lifecycle.flatMap(nameOf);
    const seen: string[] = [];
    const next = new Map<string, Situation>();
    for (const situation of this.#afterRounds(event)) {
      for (const step of stepsOf(situation, this.#reduction, true)) {
        if (step.rounds.length > 0 || !fits(step.move, event)) continue;
        for (const moved of moveOn(this.#model, situation, step)) {
          const names = moved.happenings.map(nameOfHappening);
          seen.push(`${step.move.label} -> ${names.join(', ')}`);
          if (names.join() === expected.join()) next.set(this.#keys.of(moved.situation), moved.situation);
        }
      }
    }
    if (next.size === 0)
      return `${JSON.stringify(event).slice(0, 300)} -> ${expected.join(', ')}\n  explored: ${[...new Set(seen)].join('\n  ') || 'no such move'}`;
    this.#situations = [...next.values()];
    return null;
  }

  /** The rounds of a loop are runs of their own: whatever they do comes before the loop's result. */
  #afterRounds(event: HistoryEvent): readonly Situation[] {
    if (!('effect' in event)) return this.#situations;
    const all = new Map(this.#situations.map((each) => [this.#keys.of(each), each]));
    const open = [...all.values()];
    for (let situation = open.pop(); situation !== undefined; situation = open.pop()) {
      for (const step of stepsOf(situation, this.#reduction, false)) {
        const isInside =
          step.rounds[0] === event.effect || (step.move.kind === 'round' && step.move.about === event.effect);
        if (!isInside) continue;
        for (const moved of moveOn(this.#model, situation, step)) {
          const key = this.#keys.of(moved.situation);
          if (all.has(key)) continue;
          all.set(key, moved.situation);
          open.push(moved.situation);
        }
      }
    }
    return [...all.values()];
  }
}

function fits(move: Move, event: HistoryEvent): boolean {
  switch (event.type) {
    case 'run.started':
      return move.kind === 'start';
    case 'effect.completed':
      return (move.kind === 'completes' || move.kind === 'no items') && move.about === event.effect;
    case 'effect.failed':
      return move.kind === 'fails' && move.about === event.effect;
    case 'timer.fired':
      return move.kind === 'timer' && move.about === event.timer;
    case 'signal.received':
      return move.kind === 'signal' && move.about === event.name;
    case 'task.answered':
      return move.kind === 'answer' && move.about === event.step;
    case 'run.cancelled':
      return move.kind === 'cancel';
    default:
      return false;
  }
}

function nameOf(event: LifecycleEvent): readonly string[] {
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
      return [`run ${event.type.slice('run.'.length)}`];
    default:
      return [];
  }
}

function nameOfHappening(each: Happening): string {
  if (each.type === 'end') return `run ${each.status}`;
  return each.type === 'completed' ? `${each.step} completed ${each.branch ?? ''}` : `${each.step} ${each.type}`;
}
