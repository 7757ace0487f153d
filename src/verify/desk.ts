/**
 * Where choices are made while a machine moves: the value behind an {@link Undecided} at its first read, the verdict of a condition
 * without data. A move is tried again with other choices until every combination has been seen.
 *
 * D1. Within one move, and on from it, a value once chosen stays: the same data gives the same verdict.
 * D2. Values of one answer agree: for a whole and a part of it that were chosen, one piece of data can be found that gives every
 *     condition the verdicts of both.
 */
import { Undecided } from '../core/undecided.ts';
import { readOwn } from '../expressions/path.ts';
import { bindingKey, openMark, verdictMark, type Binding, type Bindings, type Source } from './bindings.ts';
import { composed } from './composed.ts';
import type { Origin } from './readings.ts';

interface Options {
  readonly candidates: (origin: Origin) => readonly unknown[];
  /** Equal for values that no condition tells apart. */
  readonly signature: (origin: Origin, value: unknown) => string;
}

export class Desk {
  readonly #options: Options;
  #known: Bindings = new Map();
  #fresh = new Map<string, unknown>();
  #told: Binding[] = [];
  #isFree = false;
  #choices: number[] = [];
  #at = 0;
  #arity: number[] = [];
  #isPeeking = false;
  #sources = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The value behind an origin of one answer, open until it is read. */
  undecided(source: Source, origin: Origin, siblings: readonly Origin[]): Undecided {
    return new OpenValue(this, source, origin, siblings);
  }

  newSource(): Source {
    this.#sources += 1;
    return { id: this.#sources };
  }

  /** Runs `move` once for every combination of choices that it asks for. */
  *attempts<T>(
    known: Bindings,
    move: () => T,
  ): Generator<{
    readonly result: T;
    readonly bindings: Bindings;
    readonly told: readonly Binding[];
    readonly isFree: boolean;
  }> {
    let choices: number[] | null = [];
    while (choices !== null) {
      this.#begin(known, choices);
      const result = move();
      const bindings = this.#fresh.size === 0 ? known : new Map([...known, ...this.#fresh]);
      const made = this.#choices;
      const arity = this.#arity;
      yield { result, bindings, told: this.#told, isFree: this.#isFree };
      choices = following(made, arity);
    }
  }

  /** Reads without choosing: what is open reads as {@link openMark}. */
  peek<T>(known: Bindings, read: () => T): T {
    const before = this.#known;
    const fresh = this.#fresh;
    this.#known = known;
    this.#fresh = new Map();
    this.#isPeeking = true;
    try {
      return read();
    } finally {
      this.#isPeeking = false;
      this.#known = before;
      this.#fresh = fresh;
    }
  }

  /** The verdict that was chosen for `about`; undefined before. */
  knownVerdict(about: string): boolean | undefined {
    const known = this.knownChoice(about);
    return known === undefined ? undefined : known === 0;
  }

  /** A verdict without data, the same for the same `about`. */
  verdict(about: string): boolean {
    return this.choice(about, 2) === 0;
  }

  /** What was chosen for `about`; undefined before. */
  knownChoice(about: string): number | undefined {
    return this.#get(`${verdictMark}${about}`) as number | undefined;
  }

  /** One of `count` ways without data, the same for the same `about`. */
  choice(about: string, count: number): number {
    const known = this.knownChoice(about);
    if (known !== undefined) return known;
    const value = this.#choose(count);
    this.#isFree = true;
    this.#fresh.set(`${verdictMark}${about}`, value);
    return value;
  }

  /** What is read of open values, by who they are: for {@link verdict}. */
  identify(read: () => unknown): string {
    const before = this.#isPeeking;
    this.#isPeeking = true;
    try {
      return JSON.stringify(read()) ?? '';
    } finally {
      this.#isPeeking = before;
    }
  }

  /** @internal */
  decide(source: Source, origin: Origin, siblings: readonly Origin[]): unknown {
    const key = bindingKey(source, origin);
    const known = this.#get(key);
    if (known !== undefined || this.#has(key)) return known;
    if (this.#isPeeking) return `${openMark}${key}`;
    const values = this.#agreeing(source, origin, siblings);
    const value = values[this.#choose(values.length)];
    this.#fresh.set(key, value);
    this.#told.push({ origin, value });
    return value;
  }

  /** D2 */
  #agreeing(source: Source, origin: Origin, siblings: readonly Origin[]): readonly unknown[] {
    const { candidates, signature } = this.#options;
    const bound = siblings.flatMap((each) => {
      const key = bindingKey(source, each);
      return this.#has(key) ? [{ origin: each, value: this.#get(key) }] : [];
    });
    const wholes = bound.filter((each) => isAbove(each.origin, origin));
    const parts = bound.filter((each) => isAbove(origin, each.origin));
    if (wholes.length === 0 && parts.length === 0) return candidates(origin);
    const below = (each: Binding): readonly string[] => each.origin.segments.slice(origin.segments.length);
    const made = parts.length === 0 ? [] : [composed(parts.map((each) => [below(each), each.value]))];
    const read = wholes.map((each) => readOwn(each.value, origin.segments, each.origin.segments.length));
    const agrees = (value: unknown): boolean =>
      parts.every(
        (each) => signature(each.origin, readOwn(value, below(each))) === signature(each.origin, each.value),
      ) &&
      wholes.every(
        (each, at) =>
          signature(origin, read[at]) === signature(origin, value) ||
          signature(each.origin, composed([[origin.segments.slice(each.origin.segments.length), value]])) ===
            signature(each.origin, each.value),
      );
    const agreeing = [...made, ...read, ...candidates(origin)].filter(agrees);
    const kinds = new Map(agreeing.toReversed().map((value) => [signature(origin, value), value]));
    return kinds.size === 0 ? [...made, ...read, undefined].slice(0, 1) : [...kinds.values()];
  }

  #begin(known: Bindings, choices: number[]): void {
    this.#known = known;
    this.#fresh = new Map();
    this.#told = [];
    this.#isFree = false;
    this.#choices = choices;
    this.#at = 0;
    this.#arity = [];
  }

  #get(key: string): unknown {
    return this.#fresh.has(key) ? this.#fresh.get(key) : this.#known.get(key);
  }

  #has(key: string): boolean {
    return this.#fresh.has(key) || this.#known.has(key);
  }

  #choose(count: number): number {
    if (count <= 1) return 0;
    const at = this.#at++;
    if (this.#choices[at] === undefined) this.#choices.push(0);
    this.#arity[at] = count;
    return this.#choices[at] as number;
  }
}

class OpenValue extends Undecided {
  readonly #desk: Desk;
  readonly #source: Source;
  readonly #origin: Origin;
  readonly #siblings: readonly Origin[];

  constructor(desk: Desk, source: Source, origin: Origin, siblings: readonly Origin[]) {
    super();
    this.#desk = desk;
    this.#source = source;
    this.#origin = origin;
    this.#siblings = siblings;
  }

  override decide(): unknown {
    return this.#desk.decide(this.#source, this.#origin, this.#siblings);
  }
}

/** The next combination, or null after the last. */
function following(choices: readonly number[], arity: readonly number[]): number[] | null {
  for (let at = choices.length - 1; at >= 0; at--) {
    const next = (choices[at] as number) + 1;
    if (next < (arity[at] ?? 1)) return [...choices.slice(0, at), next];
  }
  return null;
}

function isAbove(whole: Origin, part: Origin): boolean {
  return (
    whole.segments.length < part.segments.length && whole.segments.every((segment, at) => segment === part.segments[at])
  );
}
