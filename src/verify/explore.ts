/**
 * Every situation of a workflow, breadth first, so that what is found first is reached by a shortest path. Nothing is left out
 * silently: what was not looked at is among the `bounds`.
 */
import type { WorkflowDefinition } from '../definition/definition.ts';
import { ChartWatch, leavesOf } from './chart-watch.ts';
import type { Bound, Graph, GraphEdge, GraphNode } from './graph.ts';
import { maxCountedRounds } from './bounds.ts';
import { createModel, type Model } from './model.ts';
import { cancelMove, movesOf, startMove } from './moves.ts';
import { Reduction, readTurn, turnText, type ReduceOptions, type Turn } from './reduce.ts';
import type { Move } from './move.ts';
import { arrivedAt, earlySignal } from './signals.ts';
import { contextOf, type Situation, type Spot } from './situation.ts';
import { Keys } from './situation-key.ts';
import { Variants } from './variants.ts';
import { firstSituation, moveOn, type Moved, type Step } from './step-by-step.ts';

export interface ExploreOptions extends ReduceOptions {
  /** Situations to look at. Of a workflow with more, not every combination of facts is looked at. @default 20_000 */
  readonly maxStates?: number;
  /** Whether a person may cancel the run, at any time. @default true */
  readonly cancel?: boolean;
}

export function explore(definition: WorkflowDefinition, options: ExploreOptions = {}): Graph {
  const all = new Exploration(createModel(definition), options, null);
  const graph = all.run();
  return all.hasMore ? new Exploration(createModel(definition), options, new Variants()).run() : graph;
}

const defaultStates = 20_000;

interface Turned extends Step {
  readonly turns: ReadonlyMap<string, string>;
}

/** What may be tried in a situation, before anything is left out that makes no difference. */
export function stepsOf(situation: Situation, reduction: Reduction, withCancel: boolean): readonly Turned[] {
  const { spot, turns } = situation;
  if (spot.run.snapshot.status !== 'active') return [];
  if ((spot.run.snapshot as { readonly value: unknown }).value === '$boot')
    return [{ move: startMove, rounds: [], turns }];
  const steps = withinSpot(spot, [], turns, reduction);
  const urgent = steps.filter(({ move }) => move.isUrgent === true);
  if (urgent.length > 0) return urgent;
  return withCancel ? [...steps, { move: cancelMove, rounds: [], turns }] : steps;
}

/** A loop's rounds move where the loop stands. */
function withinSpot(
  spot: Spot,
  path: readonly string[],
  turns: ReadonlyMap<string, string>,
  reduction: Reduction,
): readonly Turned[] {
  const { program } = spot.compiled;
  const own = movesOf(spot).map((move) => ({ within: move.within, steps: [{ move, rounds: path, turns: null }] }));
  const inner = [...spot.rounds].map(([id, round]) => ({
    within: program.byId.get(id.split('.')[0] ?? '') ?? null,
    steps: round.spot.run.snapshot.status === 'active' ? withinSpot(round.spot, [...path, id], turns, reduction) : [],
  }));
  const groups = [...own, ...inner].filter(({ steps }) => steps.length > 0);
  return reduction
    .choose(program, groups, turns)
    .flatMap(({ move: { steps }, turns: next }) =>
      steps.map((step) => ({ move: step.move, rounds: step.rounds, turns: new Map([...next, ...(step.turns ?? [])]) })),
    );
}

class Exploration {
  readonly #model: Model;
  readonly #options: ExploreOptions;
  readonly #keys: Keys;
  readonly #reduction: Reduction;
  readonly #watch: ChartWatch;
  readonly #ids = new Map<string, number>();
  readonly #nodes: GraphNode[] = [];
  readonly #edges: GraphEdge[] = [];
  readonly #leaving: GraphEdge[][] = [];
  readonly #open: (Situation | null)[] = [];
  readonly #bounds = new Map<string, Bound>();

  /** There are more situations than it may look at. */
  hasMore = false;
  /** Null: all situations are looked at. */
  readonly #variants: Variants | null;

  constructor(model: Model, options: ExploreOptions, variants: Variants | null) {
    this.#variants = variants;
    this.#model = model;
    this.#options = options;
    this.#keys = new Keys(model.desk);
    this.#reduction = new Reduction(options);
    this.#watch = new ChartWatch(model.compiled, (each) => model.kernelOf(each));
  }

  run(): Graph {
    const { maxStates = defaultStates, cancel = true } = this.#options;
    const many = maxStates.toLocaleString('en-US');
    this.#nodeOf(firstSituation(this.#model));
    for (let id = 0; id < this.#open.length; id++) {
      const situation = this.#open[id];
      if (situation === null || situation === undefined) continue;
      if (this.#nodes.length > maxStates) {
        this.hasMore = true;
        this.#bound(`more than ${many} situations: what lies behind them was not explored`);
        break;
      }
      this.#expand(id, situation, cancel);
      this.#open[id] = null;
    }
    this.#watch.stop();
    if (this.#variants !== null && !this.hasMore)
      this.#bound(`more than ${many} situations: what each step can come to was explored, not every combination of it`);
    return {
      nodes: this.#nodes,
      edges: this.#edges,
      leaving: this.#leaving,
      transitions: this.#watch.transitions,
      bounds: [...this.#bounds.values()],
    };
  }

  #bound(what: string): void {
    this.#bounds.set(what, { what });
  }

  #expand(id: number, situation: Situation, withCancel: boolean): void {
    const arrived = new Set<string>();
    for (const step of stepsOf(situation, this.#reduction, withCancel)) {
      for (const after of this.#follow(id, situation, step))
        if (step.move.kind !== 'start') for (const each of arrivedAt(situation.spot, after.spot)) arrived.add(each);
    }
    // A signal that comes early makes no difference before it is looked for.
    for (const each of arrived) {
      const move = earlySignal(situation.spot, each);
      if (move !== null) this.#follow(id, situation, { move, rounds: [], turns: situation.turns });
    }
  }

  /** Where a move leads. */
  #follow(from: number, situation: Situation, step: Turned): readonly Situation[] {
    const turned = { ...situation, turns: step.turns };
    const results: Situation[] = [];
    this.#watch.take();
    for (const moved of moveOn(this.#model, turned, step)) {
      const transitions = this.#watch.take();
      this.#lookForCuts(step.move, moved);
      const to = this.#nodeOf(moved.situation);
      if (to !== null) this.#addEdge(from, to, step, moved, transitions);
      results.push(moved.situation);
    }
    return results;
  }

  #addEdge(from: number, to: number, { move, rounds }: Turned, moved: Moved, transitions: readonly number[]): void {
    const { kind, label, step, about, outcome, error = null, isUrgent = false } = move;
    const { happenings, timers, told: bindings, isFree } = moved;
    const id = this.#edges.length;
    const edge: GraphEdge = {
      ...{ id, from, to, kind, label, step, about, outcome, error },
      ...{ rounds, happenings, transitions, timers, bindings, isFree, isUrgent },
    };
    this.#edges.push(edge);
    this.#leaving[from]?.push(edge);
  }

  /** A loop that counts came to the limit that we set it. */
  #lookForCuts({ step, isCut = false }: Move, { happenings }: Moved): void {
    if (isCut) this.#cut(step ?? '');
    for (const each of happenings) {
      if (each.type !== 'failed' || each.code !== 'LOOP_LIMIT' || !this.#model.cutLoops.has(each.step)) continue;
      this.#cut(each.step);
    }
  }

  #cut(loop: string): void {
    this.#bound(`loop '${loop}' counts: its rounds after the ${maxCountedRounds}th were not explored`);
  }

  /** Null: one that is left out. */
  #nodeOf(situation: Situation): number | null {
    const normal = settled(this.#reduction, situation);
    const key = this.#keys.of(normal);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#variants?.isNews(key) === false) return null;
    const id = this.#nodes.length;
    const { snapshot } = normal.spot.run;
    const end = snapshot.status === 'active' ? null : endOf(snapshot);
    this.#ids.set(key, id);
    this.#nodes.push({ id, states: statesOf(normal.spot), end });
    this.#leaving.push([]);
    this.#open.push(end === null ? normal : null);
    return id;
  }
}

/** A turn is over when its branch has nothing more to do. */
function settled(reduction: Reduction, situation: Situation): Situation {
  if (situation.turns.size === 0) return situation;
  const turns = new Map<string, string>();
  for (const [parallel, text] of situation.turns) {
    const next = turnOf(reduction, situation.spot, parallel, readTurn(text));
    if (next !== null) turns.set(parallel, turnText(next));
  }
  return { ...situation, turns };
}

function turnOf(reduction: Reduction, spot: Spot, parallel: string, turn: Turn): Turn | null {
  const { program } = spot.compiled;
  const index = program.byId.get(parallel);
  if (index === undefined) {
    const inner = [...spot.rounds.values()].map((round) => turnOf(reduction, round.spot, parallel, turn));
    return inner.find((each) => each !== null) ?? null;
  }
  if (!isOpen(spot, index)) return null;
  if (turn.kind === 'after' || isOpen(spot, turn.branch)) return turn;
  return reduction.orderOf(program, index) === 'first' ? { kind: 'after', branch: turn.branch } : null;
}

function isOpen({ run }: Spot, step: number): boolean {
  const status = contextOf(run).steps.get(step)?.status;
  return status === 'pending' || status === 'running' || status === 'backoff';
}

function endOf(snapshot: unknown): GraphNode['end'] {
  const { value } = snapshot as { readonly value: unknown };
  return value === '$completed' ? 'completed' : value === '$cancelled' ? 'cancelled' : 'failed';
}

function statesOf(spot: Spot): readonly string[] {
  return [...leavesOf(spot.run), ...[...spot.rounds.values()].flatMap((round) => statesOf(round.spot))];
}
