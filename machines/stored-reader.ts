/** How a stored value is read: by guards, from what was kept of it; by effects, which load what it refers to. */
import { InvariantError } from '../src/core/errors.ts';
import { materialize, type StoredValue, type ValueLoader } from '../src/core/stored-value.ts';
import { decidedValue } from '../src/core/undecided.ts';
import { readOwn } from '../src/expressions/path.ts';

/** Gives the value at `rest` below a stored value of the run `run`; `kept` and `key` are what was kept of it, and under which key. */
export type StoredReader = (
  stored: StoredValue,
  rest: readonly string[],
  run: string,
  kept: Readonly<Record<string, unknown>> | undefined,
  key: string,
) => unknown;

/** For guards: pure. What is missing is not kept (it has no JSON). */
export const keptReader: StoredReader = (stored, rest, run, kept, key) =>
  decidedValue(undecidedReader(stored, rest, run, kept, key));

/** What was kept, to be kept again elsewhere: what nobody has chosen yet stays open. */
export const undecidedReader: StoredReader = (stored, rest, _run, kept, key) => {
  if ('v' in stored) return readOwn(stored.v, rest);
  if (kept !== undefined && Object.hasOwn(kept, key)) return kept[key];
  if (kept !== undefined) return undefined;
  throw new InvariantError(`the value at '${key}' was not kept for a guard that reads it`);
};

/** For effects: loads references. */
export function loadingReader(loader: ValueLoader): StoredReader {
  return (stored, rest, run) => {
    let current = stored;
    let from = 0;
    // Into a composed value without loading all of it.
    for (; from < rest.length && !('v' in current); from++) {
      const key = rest[from] as string;
      const inner =
        'o' in current
          ? Object.hasOwn(current.o, key)
            ? current.o[key]
            : undefined
          : 'a' in current
            ? current.a[Number(key)]
            : undefined;
      if (inner === undefined) break;
      current = inner;
    }
    return readOwn(materialize(current, loader, run), rest, from);
  };
}
