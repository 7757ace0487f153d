/**
 * Where the steps of one sequence lead, as a reader sees it: from each step to those that run next, branch by branch. A step that a
 * router names runs only when it was chosen, so arrows pass over those that were not. Pure; the machine's own rules are in
 * `machines/sequence.ts` and `machines/route.ts`.
 */
import type { Step, Target } from '../../definition/definition.ts';
import type { EdgeKind } from './drawing.ts';

/** How a step can be over. */
export interface Outcome {
  readonly label: string | null;
  readonly kind: Extract<EdgeKind, 'flow' | 'error' | 'timeout'>;
  /** Null: to the next step. */
  readonly target: Target | null;
  /** Only after the step that recovers it. */
  readonly isRecovered?: true;
}

/** An arrow of a sequence; steps by their place in it. */
export interface Hop {
  readonly from: number;
  readonly outcome: Outcome;
  readonly to: number | 'done' | 'end' | 'break' | 'continue';
  readonly isBack: boolean;
}

/** In the order of the definition. */
function outcomesOf(step: Step): readonly Outcome[] {
  const flow = (label: string | null, target: Target | null): Outcome => ({ label, kind: 'flow', target });
  const failure: Outcome[] = [];
  if (step.type === 'human' && step.onTimeout.kind === 'goto')
    failure.push({ label: 'timeout', kind: 'timeout', target: { kind: 'steps', ids: [step.onTimeout.target] } });
  if (step.onError.kind === 'goto')
    failure.push({ label: 'on error', kind: 'error', target: { kind: 'steps', ids: [step.onError.target] } });
  if (step.type === 'conditional') {
    return [flow('then', step.then), flow('else', step.else), ...unrouted(step), ...failure];
  }
  if (step.type === 'switch') {
    const cases = step.cases.map(({ key, target }) => flow(key, target));
    return [...cases, flow('default', step.default), ...unrouted(step), ...failure];
  }
  return [flow(null, null), ...failure];
}

/** A router that is skipped, or fails and is passed over, chooses nothing. */
function unrouted({ condition, onError, type }: Step): readonly Outcome[] {
  const result: Outcome[] = [];
  if (type === 'switch' && condition !== null) result.push({ label: 'skipped', kind: 'flow', target: null });
  if (onError.kind === 'continue' || onError.kind === 'output')
    result.push({ label: 'on error', kind: 'error', target: null });
  if (onError.kind === 'recover') result.push({ label: null, kind: 'flow', target: null, isRecovered: true });
  return result;
}

/** Who was chosen, and by whom; places in the sequence. */
type Chosen = ReadonlyMap<number, number>;

/** Combinations of choices that are followed one by one; beyond, arrows are drawn for each branch by itself. */
const maxCombinations = 5_000;

export function routesOf(steps: readonly Step[], isBranch: (step: Step) => boolean): readonly Hop[] {
  return new Routes(steps, isBranch).hops();
}

class Routes {
  readonly #steps: readonly Step[];
  readonly #branches: readonly boolean[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #hops = new Map<string, Hop>();
  readonly #seen = new Set<string>();

  constructor(steps: readonly Step[], isBranch: (step: Step) => boolean) {
    this.#steps = steps;
    this.#branches = steps.map(isBranch);
    this.#places = new Map(steps.map(({ id }, place) => [id, place]));
  }

  hops(): readonly Hop[] {
    if (this.#steps.length > 0 && !this.#follow()) this.#independently();
    const order = (hop: Hop): number => (typeof hop.to === 'number' ? hop.to : this.#steps.length);
    return [...this.#hops.values()].sort((a, b) => a.from - b.from || order(a) - order(b));
  }

  /** False: there are too many combinations. */
  #follow(): boolean {
    const open: { readonly at: number; readonly chosen: Chosen }[] = [{ at: 0, chosen: new Map() }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { at, chosen } = next;
      const key = `${at}|${[...chosen].map(([place, by]) => `${place}:${by}`).join()}`;
      if (this.#seen.has(key)) continue;
      if (this.#seen.size >= maxCombinations) return false;
      this.#seen.add(key);
      for (const outcome of outcomesOf(this.#steps[at] as Step)) {
        const then = this.#after(at, chosen, outcome);
        this.#add(then.hop);
        if (typeof then.hop.to === 'number')
          open.push({ at: then.hop.to, chosen: this.#ahead(then.hop.to, then.chosen) });
      }
    }
    return true;
  }

  #after(at: number, chosen: Chosen, outcome: Outcome): { readonly hop: Hop; readonly chosen: Chosen } {
    const { target } = outcome;
    if (target !== null && target.kind !== 'steps')
      return { hop: { from: at, outcome, to: target.kind, isBack: false }, chosen };
    const places = this.#placesOf(target);
    const back = places.filter((place) => place <= at);
    if (back.length > 0) {
      const to = Math.min(...back);
      const kept = new Map([...chosen].filter(([place, by]) => place < to || by < to));
      for (const place of back) kept.set(place, at);
      return { hop: { from: at, outcome, to, isBack: true }, chosen: sorted(kept) };
    }
    const more = sorted(new Map([...chosen, ...places.map((place): [number, number] => [place, at])]));
    return { hop: { from: at, outcome, to: this.#next(at + 1, more), isBack: false }, chosen: more };
  }

  #next(from: number, chosen: Chosen): number | 'done' {
    for (let place = from; place < this.#steps.length; place++)
      if (this.#branches[place] !== true || chosen.has(place)) return place;
    return 'done';
  }

  #placesOf(target: Target | null): readonly number[] {
    if (target?.kind !== 'steps') return [];
    return target.ids.flatMap((id) => this.#places.get(id) ?? []);
  }

  /** Choices that lie behind matter only where something leads back. */
  #ahead(at: number, chosen: Chosen): Chosen {
    return this.#hasJumps ? chosen : new Map([...chosen].filter(([place]) => place > at));
  }

  get #hasJumps(): boolean {
    return this.#steps.some((step, at) =>
      outcomesOf(step).some(({ target }) => this.#placesOf(target).some((place) => place <= at)),
    );
  }

  #add(hop: Hop): void {
    const { from, to, outcome } = hop;
    const key = `${from}|${to}|${outcome.kind}|${outcome.isRecovered ?? false}|${outcome.label ?? ''}`;
    if (!this.#hops.has(key)) this.#hops.set(key, hop);
  }

  /** Every arrow that one of the combinations can have, and perhaps some that none has. */
  #independently(): void {
    this.#hops.clear();
    this.#steps.forEach((step, at) => {
      for (const outcome of outcomesOf(step)) {
        const { hop } = this.#after(at, new Map(), outcome);
        if (typeof hop.to !== 'number' && hop.to !== 'done') this.#add(hop);
        else if (hop.isBack) this.#add(hop);
        else for (const to of this.#possible(at, outcome)) this.#add({ ...hop, to });
      }
    });
  }

  #possible(at: number, { target }: Outcome): readonly (number | 'done')[] {
    const own = new Set(this.#placesOf(target));
    const named = new Set(outcomesOf(this.#steps[at] as Step).flatMap((each) => this.#placesOf(each.target)));
    const result: (number | 'done')[] = [];
    for (let place = at + 1; place < this.#steps.length; place++) {
      if (this.#branches[place] !== true || own.has(place)) return [...result, place];
      if (!named.has(place)) result.push(place);
    }
    return [...result, 'done'];
  }
}

function sorted(chosen: Chosen): Chosen {
  return new Map([...chosen].sort(([a], [b]) => a - b));
}

/**
 * Whether a step's own condition only says again what its router has decided: `{{steps.<router>.output}} === "<step or branch>"`, of the one
 * router that names it.
 */
export function isImplied({ id, condition }: Step, siblings: readonly Step[]): boolean {
  if (condition?.kind !== 'expression') return false;
  const match = /^\{\{\s*steps\.([\w-]+)\.output\s*\}\}\s*===?\s*(["'])([^"'\\]*)\2$/.exec(
    condition.condition.source.trim(),
  );
  const naming = siblings.filter((step) => outcomesOf(step).some((outcome) => names(outcome, id)));
  const [router] = naming;
  if (match === null || router === undefined || naming.length !== 1 || router.id !== match[1]) return false;
  const leading = outcomesOf(router).filter((outcome) => names(outcome, id));
  if (!leading.every(({ kind, target }) => kind === 'flow' && target?.kind === 'steps' && target.ids.length === 1))
    return false;
  return match[3] === id || leading.some(({ label }) => label === match[3]);
}

function names({ target }: Outcome, id: string): boolean {
  return target?.kind === 'steps' && target.ids.includes(id);
}
