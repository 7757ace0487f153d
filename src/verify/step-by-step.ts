/** One move at a time: applies a move to a situation, with all choices it asks for, by the very kernel that runs in production. */
import { advance } from '../core/advance.ts';
import { InvariantError, toErrorData, WorkflowError } from '../core/errors.ts';
import type { HistoryEvent } from '../core/event.ts';
import type { LifecycleEvent } from '../core/lifecycle-event.ts';
import type { Advanced, Refused } from '../core/run-state.ts';
import { essentialWrites } from './assigned.ts';
import { maxCountedRounds } from './bounds.ts';
import { countsOf } from './counting.ts';
import { knownItems } from './loop-moves.ts';
import { withoutOpaque, type Binding } from './bindings.ts';
import { unknownOutput, type Model } from './model.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import type { Program } from '../../machines/program.ts';
import type { TimerChange } from './graph.ts';
import type { Move } from './move.ts';
import { mayWriteOpaque } from './opaque.ts';
import { contextOf, type Happening, type RoundSpot, type Situation, type Spot } from './situation.ts';

/** A move, and the loops in whose rounds it happens: ids of their effects, outermost first. */
export interface Step {
  readonly move: Move;
  readonly rounds: readonly string[];
}

export interface Moved {
  readonly situation: Situation;
  readonly happenings: readonly Happening[];
  readonly timers: readonly TimerChange[];
  readonly told: readonly Binding[];
  readonly isFree: boolean;
}

interface SpotMoved {
  readonly spot: Spot;
  readonly happenings: readonly Happening[];
  readonly timers: readonly TimerChange[];
}

export function firstSituation(model: Model): Situation {
  const spot: Spot = { compiled: model.compiled, run: model.kernelOf(model.compiled).initial, rounds: new Map() };
  return { spot, bindings: new Map(), turns: new Map() };
}

/** Every result of a move; none when the run does not take it. */
export function* moveOn(model: Model, situation: Situation, { move, rounds }: Step): Generator<Moved> {
  const known = mayWriteOpaque(model.opaque, move) ? withoutOpaque(situation.bindings) : situation.bindings;
  const attempts = model.desk.attempts(known, () => inRound(model, situation.spot, rounds, move));
  for (const { result, bindings, told, isFree } of attempts) {
    if (result === null) continue;
    yield {
      situation: { spot: result.spot, bindings, turns: situation.turns },
      happenings: result.happenings,
      timers: result.timers,
      told,
      // How long each of several rounds takes is no data either.
      isFree: isFree || (move.ahead ?? 0) > 0,
    };
  }
}

function inRound(model: Model, spot: Spot, rounds: readonly string[], move: Move): SpotMoved | null {
  const [id, ...deeper] = rounds;
  if (id === undefined)
    return move.event === null ? beginRound(model, spot, move) : post(model, spot, move.event(spot));
  const round = spot.rounds.get(id);
  if (round === undefined) throw new InvariantError(`loop '${id}' has no round under way`);
  const inner = inRound(model, round.spot, deeper, move);
  if (inner === null) return null;
  return {
    spot: withRound(spot, id, { ...round, spot: inner.spot }),
    happenings: inner.happenings,
    timers: inner.timers.map((each) => ({ ...each, rounds: [id, ...each.rounds] })),
  };
}

function withRound(spot: Spot, id: string, round: RoundSpot): Spot {
  return { ...spot, rounds: new Map([...spot.rounds, [id, round]]) };
}

function beginRound(model: Model, spot: Spot, { about, step, ahead = 0 }: Move): SpotMoved {
  const { compiled, run } = spot;
  const { program } = compiled;
  const loop = program.byId.get(step ?? '') ?? -1;
  const body = compiled.bodies.get(loop);
  const effect = run.effects.get(about)?.input as EffectInput | undefined;
  if (body === undefined || effect === undefined) throw new InvariantError(`step '${step ?? ''}' has no rounds`);
  const next = nextRound(program, step ?? '', spot.rounds.get(about));
  const count = Math.min(next.count + ahead, next.most);
  const isOpen = ahead > 0 || spot.rounds.get(about)?.isOpen === true;
  const begun: Spot = { compiled: body, run: model.kernelOf(body).initial, rounds: new Map() };
  const { name, version, hash } = program.definition;
  const event: HistoryEvent = {
    type: 'run.started',
    workflow: name,
    version,
    hash,
    format: 1,
    input: { v: unknownOutput },
    parent: { run: 'run', step: step ?? '', visit: 1, seq: run.seq, index: count - 1 },
    item: { v: null },
  };
  // All rounds see the run as it was when their loop began.
  const started = post(model, begun, event, { program, context: effect.context, loop });
  if (started === null) throw new InvariantError('a round does not begin');
  return {
    spot: withRound(spot, about, { ...next, spot: started.spot, count, isOpen }),
    happenings: [{ type: 'round', step: step ?? '' }, ...started.happenings],
    timers: [
      { type: 'dropped', rounds: [about] },
      ...started.timers.map((each) => ({ ...each, rounds: [about, ...each.rounds] })),
    ],
  };
}

/** Rounds that are told apart, at least: the first, and any other. Of a few items that are written, each. */
const fewRounds = 2;
const fewItems = 3;

function writtenItems(program: Program, loop: string): number | null {
  const step = program.steps[program.byId.get(loop) ?? -1]?.step;
  return step?.type === 'loop' ? knownItems(step) : null;
}

function nextRound(
  program: Program,
  loop: string,
  before: RoundSpot | undefined,
): Pick<RoundSpot, 'count' | 'most' | 'writes'> {
  if (before === undefined) {
    const told = countsOf(program).rounds.get(loop) ?? 0;
    const written = writtenItems(program, loop);
    const few = written !== null && written <= fewItems ? written : 0;
    return { count: 1, most: Math.min(maxCountedRounds, Math.max(fewRounds, told, few)), writes: [] };
  }
  const { count, most, writes, spot } = before;
  return {
    count: Math.min(count + 1, most),
    most,
    writes: essentialWrites(program, [...writes, ...contextOf(spot.run).writes]),
  };
}

function post(model: Model, spot: Spot, event: HistoryEvent, outer?: unknown): SpotMoved | null {
  const next = advanced(model, spot, event, outer);
  if ('refused' in next) return null;
  const { state, started, lifecycle, set, cancelled } = next;
  const begun = new Set(started.map(({ id }) => id));
  const rounds = new Map([...spot.rounds].filter(([id]) => state.effects.has(id) && !begun.has(id)));
  return {
    spot: { ...spot, run: state, rounds },
    happenings: lifecycle.flatMap((each) => happening(each, spot.compiled.program.loop !== null)),
    timers: [
      ...[...spot.rounds.keys()].flatMap((id): TimerChange[] =>
        rounds.has(id) ? [] : [{ type: 'dropped', rounds: [id] }],
      ),
      ...cancelled.map((name): TimerChange => ({ type: 'cancelled', rounds: [], name })),
      // A move happens at time 0.
      ...set.map(({ name, dueAt }): TimerChange => ({ type: 'set', rounds: [], name, ms: dueAt })),
    ],
  };
}

/** What a guard throws ends the run, as in the engine. */
function advanced(model: Model, spot: Spot, event: HistoryEvent, outer: unknown): Advanced | Refused {
  const kernel = model.kernelOf(spot.compiled);
  const { seq } = spot.run;
  const extras = { runId: 'run', ...(outer === undefined ? {} : { outer }) };
  try {
    return advance(kernel, spot.run, { seq: seq + 1, at: 0, event }, extras);
  } catch (error) {
    const thrown = rootCause(error);
    if (!(thrown instanceof WorkflowError)) throw error;
    const aborted: HistoryEvent =
      event.type === 'run.started'
        ? { ...event, aborted: toErrorData(thrown) }
        : { type: 'run.aborted', error: toErrorData(thrown) };
    return advance(kernel, spot.run, { seq: seq + 1, at: 0, event: aborted }, extras);
  }
}

/** XState wraps what guards throw. */
function rootCause(error: unknown): unknown {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof WorkflowError) return at;
  return error;
}

function happening(event: LifecycleEvent, isRound: boolean): readonly Happening[] {
  switch (event.type) {
    case 'step.started':
      return [{ type: 'started', step: event.step, attempt: event.attempt }];
    case 'step.retrying':
      return [{ type: 'retrying', step: event.step, attempt: event.attempt }];
    case 'step.cancelled':
      return [{ type: 'cancelled', step: event.step, attempt: event.attempt }];
    case 'step.compensating':
    case 'step.compensated':
      return [
        {
          type: event.type.slice('step.'.length) as 'compensating' | 'compensated',
          step: event.step,
          attempt: event.attempt,
        },
      ];
    case 'task.opened':
      return [{ type: 'asked', step: event.step, attempt: event.attempt }];
    case 'step.completed':
      return [{ type: 'completed', step: event.step, branch: event.branch ?? null }];
    case 'step.failed':
      return [{ type: 'failed', step: event.step, code: event.error.code }];
    case 'step.skipped':
      return [{ type: 'skipped', step: event.step, why: event.why }];
    case 'run.completed':
    case 'run.failed':
    case 'run.cancelled':
      return isRound
        ? []
        : [{ type: 'end', status: event.type.slice('run.'.length) as 'completed' | 'failed' | 'cancelled' }];
    default:
      return [];
  }
}
