/**
 * Which moves have to be looked at: branches of a parallel step that have nothing to do with each other give the same ends in
 * whatever order they run, so they are explored one after another.
 *
 * R1. Branches that have to do with each other by way of the run (see `branch-facts.ts`) are explored in every order of their moves.
 * R2. Branches whose order of ending can be told apart (a step behind reads which one won; a rule names steps of two of them) are
 *     explored whole, in every order.
 * R3. In a race that nothing looks into, each branch comes first once, and each comes last: how many succeeded or failed is all that counts.
 *     A branch that can end the run is in a race with the others. One that is more than a step, is undone, or has something to do before
 *     it begins, may be cut off by any other wherever it stands. Where branches wait in a queue, all orders are looked at.
 * R4. What cuts several branches off at once (a cancel, a timeout around them) finds at most one of them beyond its first step and
 *     not at its end.
 */
import { areApart, branchFacts } from './branch-facts.ts';
import { createTree } from '../definition/checks/tree.ts';
import { expressionsOf } from '../definition/types/index.ts';
import type { Step } from '../definition/definition.ts';
import { groupSequence } from '../../machines/sequence.ts';
import { isGuard } from '../../machines/step.ts';
import { subtree } from '../../machines/subtree.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { targetsOf } from './targets.ts';

/** `first`: any branch may come first, the others follow in order, round and round. */
export type Order = 'sequence' | 'first' | 'orders' | 'free';

/**
 * Whose turn it is among the branches of a parallel step: the number of one; `over` one that cut into another's turn, and goes on alone
 * until it is over; `after` one that came first and is over: the others follow in order.
 */
export interface Turn {
  readonly kind: 'of' | 'over' | 'after';
  readonly branch: number;
}

export function readTurn(text: string): Turn {
  const [kind = '', branch = ''] = text.split(' ');
  return { kind: kind as Turn['kind'], branch: Number(branch) };
}

export function turnText({ kind, branch }: Turn): string {
  return `${kind} ${branch}`;
}

export interface ReduceOptions {
  /** Ids of steps whose order among each other matters. @default none */
  readonly visible?: ReadonlySet<string>;
  /** Every order of every move: nothing is left out. @default false */
  readonly interleave?: boolean;
}

interface Moving {
  /** Number of the step in whose branch it happens. */
  readonly within: number | null;
}

export class Reduction {
  readonly #options: ReduceOptions;
  readonly #orders = new Map<Program, ReadonlyMap<number, Ordering>>();

  constructor(options: ReduceOptions) {
    this.#options = options;
  }

  /** How the branches of a parallel step are explored. */
  orderOf(program: Program, step: number): Order {
    return this.#orderingOf(program, step).order;
  }

  #orderingOf(program: Program, step: number): Ordering {
    if (this.#options.interleave === true) return free;
    let orders = this.#orders.get(program);
    if (orders === undefined) {
      orders = ordersOf(program, this.#options.visible ?? new Set());
      this.#orders.set(program, orders);
    }
    return orders.get(step) ?? free;
  }

  /** The moves that have to be looked at now; `turns` as in a situation. */
  choose<M extends Moving>(
    program: Program,
    moves: readonly M[],
    turns: ReadonlyMap<string, string>,
  ): readonly { readonly move: M; readonly turns: ReadonlyMap<string, string> }[] {
    const taken = new Map<M, ReadonlyMap<string, string>>();
    this.#within(program, moves, null, turns, turns, taken);
    return [...taken].map(([move, next]) => ({ move, turns: next }));
  }

  /** Below `around`: the moves of one branch of each parallel step, and those that belong to no branch. */
  #within<M extends Moving>(
    program: Program,
    moves: readonly M[],
    around: number | null,
    turns: ReadonlyMap<string, string>,
    next: ReadonlyMap<string, string>,
    taken: Map<M, ReadonlyMap<string, string>>,
  ): void {
    const byParallel = new Map<number, Map<number, M[]>>();
    for (const move of moves) {
      const place = branchOf(program, move.within, around);
      if (place === null) {
        taken.set(move, next);
        continue;
      }
      const branches = byParallel.get(place.parallel) ?? new Map<number, M[]>();
      byParallel.set(place.parallel, branches);
      branches.set(place.branch, [...(branches.get(place.branch) ?? []), move]);
    }
    for (const [parallel, branches] of byParallel) {
      const ordering = this.#orderingOf(program, parallel);
      const { id } = stepInfo(program, parallel).step;
      const turn = turns.get(id);
      for (const { branch, then } of chosenBranches(ordering, [...branches.keys()], turn)) {
        const inside = then === null ? next : new Map([...next, [id, turnText(then)]]);
        this.#within(program, branches.get(branch) ?? [], branch, turns, inside, taken);
      }
    }
  }
}

interface Chosen {
  readonly branch: number;
  /** Whose turn it is from then on; null: as it was. */
  readonly then: Turn | null;
}

/** The branches whose moves are looked at. */
function chosenBranches(
  { order, long }: Ordering,
  branches: readonly number[],
  turn: string | undefined,
): readonly Chosen[] {
  const given = turn === undefined ? null : readTurn(turn);
  const inOrder = branches.toSorted((a, b) => a - b);
  if (order === 'free') return inOrder.map((branch) => ({ branch, then: null }));
  if (order === 'sequence' || given?.kind === 'after') {
    const next = inOrder.find((branch) => given === null || branch > given.branch) ?? inOrder[0];
    return next === undefined ? [] : [{ branch: next, then: null }];
  }
  const turns = inOrder.map((branch): Chosen => ({ branch, then: { kind: 'of', branch } }));
  if (given === null || !branches.includes(given.branch)) return turns;
  if (given.kind === 'over' || !long.has(given.branch)) return [{ branch: given.branch, then: given }];
  return turns.map(({ branch }) => ({ branch, then: branch === given.branch ? given : { kind: 'over', branch } }));
}

/** The outermost parallel step around a step, below `around`, and the branch of it. */
function branchOf(
  program: Program,
  within: number | null,
  around: number | null,
): { readonly parallel: number; readonly branch: number } | null {
  let found: { parallel: number; branch: number } | null = null;
  for (let at = within; at !== null && at !== around; at = stepInfo(program, at).parent) {
    const { parent } = stepInfo(program, at);
    if (parent === null) break;
    if (stepInfo(program, parent).step.type === 'parallel' && isBranch(program, parent, at))
      found = { parallel: parent, branch: at };
  }
  return found;
}

function isBranch(program: Program, parallel: number, step: number): boolean {
  return groupSequence(program, stepInfo(program, parallel)).steps.includes(step);
}

interface Ordering {
  readonly order: Order;
  /** Branches of a race that make a difference before they are over. */
  readonly long: ReadonlySet<number>;
}

const none: ReadonlySet<number> = new Set();
const free: Ordering = { order: 'free', long: none };

function ordersOf(program: Program, visible: ReadonlySet<string>): ReadonlyMap<number, Ordering> {
  const result = new Map<number, Ordering>();
  for (const info of program.steps) {
    if (info.step.type !== 'parallel') continue;
    const branches = groupSequence(program, info).steps.map((branch) => new Set(subtree(program, branch)));
    result.set(info.index, orderOf(program, info.index, branches, visible));
  }
  return result;
}

function orderOf(
  program: Program,
  parallel: number,
  branches: readonly ReadonlySet<number>[],
  visible: ReadonlySet<string>,
): Ordering {
  const facts = branches.map((steps) => branchFacts(program, Math.min(...steps)));
  if (facts.some((one, at) => facts.slice(at + 1).some((other) => !areApart(one, other)))) return free;
  const inVisible = branches.filter((steps) =>
    [...steps].some((index) => visible.has(stepInfo(program, index).step.id)),
  );
  const { step } = stepInfo(program, parallel);
  if (step.type !== 'parallel') return free;
  const isRace = step.failFast || step.join !== 'all' || branches.some((steps) => canEndRun(program, steps));
  if (!isRace) return { order: inVisible.length > 1 ? 'orders' : 'sequence', long: none };
  const isQueued = step.maxConcurrency !== null && step.maxConcurrency < branches.length;
  const isOrdered = inVisible.length > 1 || isQueued || isLookedInto(program, parallel);
  const long = branches.filter(
    (steps) => steps.size > 1 || [...steps].some((each) => program.undoable.has(each) || beginsLater(program, each)),
  );
  return { order: isOrdered ? 'orders' : 'first', long: new Set(long.map((steps) => Math.min(...steps))) };
}

/** Something is done before it is under way: what cuts it off there finds nothing to cancel. */
function beginsLater(program: Program, index: number): boolean {
  const { step, handlers } = stepInfo(program, index);
  return handlers.start.length > 0 || (step.condition !== null && !isGuard(program, step.condition));
}

function canEndRun(program: Program, steps: ReadonlySet<number>): boolean {
  return [...steps].some((index) => targetsOf(stepInfo(program, index).step).some((target) => target?.kind === 'end'));
}

/** Whether something outside reads what is inside a parallel step. */
function isLookedInto(program: Program, parallel: number): boolean {
  const inside = new Set(subtree(program, parallel).map((index) => stepInfo(program, index).step.id));
  const { id } = stepInfo(program, parallel).step;
  const tree = createTree(program.definition);
  const looks = (segments: readonly string[]): boolean =>
    segments[0] === 'steps' &&
    ((segments[1] !== id && inside.has(segments[1] ?? '')) || (segments[1] === id && segments.length > 3));
  const outside = tree.nodes.map(({ step }) => step).filter((step: Step) => !inside.has(step.id));
  const output = program.definition.output?.kind === 'template' ? program.definition.output.template.paths : [];
  return [...outside.flatMap((step) => expressionsOf(step).flatMap(({ compiled }) => compiled.paths)), ...output].some(
    ({ segments }) => looks(segments),
  );
}
