/**
 * How large the state of a run is, kept up with what changes: a state that grows by an entry at a time is not measured whole each time.
 * States share what did not change; that is how it is seen.
 */
import { WorkflowError } from '../../core/errors.ts';
import { isPlainObject } from '../../core/json.ts';

type State = Readonly<Record<string, unknown>>;

export class StateSize {
  readonly #limit: number;
  #known: { readonly state: State; readonly size: number } | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Only what it grows by from here on counts. */
  begin(state: State): void {
    this.#known = { state, size: 0 };
  }

  /** @throws WorkflowError LIMIT_EXCEEDED when `after` is too large and larger than `before`; what is known stays `before` then */
  check(before: State, after: State): void {
    if (before === after) return;
    const known = this.#known?.state === before ? this.#known.size : sizeOf(before);
    const size = known + growth(before, after);
    this.#known = { state: before, size: known };
    if (size > this.#limit && size > known)
      throw new WorkflowError(
        'LIMIT_EXCEEDED',
        `the state of the run would be ${size} characters of JSON, more than the limit of ${this.#limit} (option limits.maxStateBytes): ` +
          `${largest(after)}; keep what is large in the outputs of steps`,
      );
    this.#known = { state: after, size };
  }
}

/** The key that takes most of it. */
function largest(state: State): string {
  const [key, size] = Object.entries(state)
    .map(([name, value]) => [name, sizeOf(value)] as const)
    .reduce((most, each) => (each[1] > most[1] ? each : most));
  return `'${key}' takes ${size} of them`;
}

/** In characters of JSON. */
function sizeOf(value: unknown): number {
  return (JSON.stringify(value) ?? '').length;
}

/** By how much the JSON of a value grows; parts that are the same object are not looked at. */
function growth(before: unknown, after: unknown): number {
  if (before === after) return 0;
  if (Array.isArray(before) && Array.isArray(after)) return listGrowth(before, after);
  if (isPlainObject(before) && isPlainObject(after)) return objectGrowth(before, after);
  return sizeOf(after) - sizeOf(before);
}

/** A list that lost entries is measured whole: they may be gone from anywhere. */
function listGrowth(before: readonly unknown[], after: readonly unknown[]): number {
  if (after.length < before.length) return sizeOf(after) - sizeOf(before);
  let grown = after.length > 0 && before.length === 0 ? -1 : 0;
  for (const [index, value] of after.entries())
    grown += index < before.length ? growth(before[index], value) : sizeOf(value) + 1;
  return grown;
}

function objectGrowth(before: State, after: State): number {
  let grown = 0;
  for (const key of Object.keys(after))
    grown += Object.hasOwn(before, key) ? growth(before[key], after[key]) : sizeOf(key) + sizeOf(after[key]) + 2;
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) grown -= sizeOf(key) + sizeOf(before[key]) + 2;
  // Each counted with a comma; the first has none.
  return grown - commas(after) + commas(before);
}

function commas(object: State): number {
  return Object.keys(object).length === 0 ? 0 : 1;
}
