/**
 * What was chosen: values behind origins of one answer, and verdicts without data. Owns the names under which they are kept, and which
 * of them are forgotten or make no difference; who chooses is the desk.
 */
import type { Origin } from './readings.ts';

/** One answer of the world: a completion of a step in one visit, or the run's input. */
export interface Source {
  readonly id: number;
}

/** A value that was chosen. */
export interface Binding {
  readonly origin: Origin;
  readonly value: unknown;
}

export type Bindings = ReadonlyMap<string, unknown>;

export function bindingKey(source: Source, origin: Origin): string {
  return `${source.id} ${origin.key}`;
}

/** Begins the names of verdicts. */
export const verdictMark = 'verdict ';

/** Begins what a verdict over opaque state is about: it does not outlive the next write. */
export const opaqueMark = '\u0000opaque ';

/** What is still known when opaque state may have been written. */
export function withoutOpaque(bindings: Bindings): Bindings {
  const left = [...bindings].filter(([key]) => !key.startsWith(`${verdictMark}${opaqueMark}`));
  return left.length === bindings.size ? bindings : new Map(left);
}

/** What an open value reads as while nobody may choose. */
export const openMark = '\u0000open ';

/**
 * A text that holds open values, numbered as they come in it: which answer it was makes no difference, only which parts of it are
 * still open, and what is known of the others (D2).
 */
export function withoutNumbers(text: string, bindings: Bindings): string {
  const numbers = new Map<string, number>();
  const open = new Map<string, Set<string>>();
  const result = text.replaceAll(
    /(?<mark>\\u0000open )(?<id>\d+) (?<place>[^"]*)/g,
    (_all, mark: string, id: string, place: string) => {
      const number = numbers.get(id) ?? numbers.size;
      numbers.set(id, number);
      open.set(id, (open.get(id) ?? new Set()).add(place));
      return `${mark}${number} ${place}`;
    },
  );
  if (numbers.size === 0) return result;
  const beside = [...bindings].flatMap(([key, value]) => {
    const [id, place] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)];
    const isRelated = [...(open.get(id) ?? [])].some(
      (each) => place === '' || each === '' || each.startsWith(`${place}.`) || place.startsWith(`${each}.`),
    );
    return isRelated ? [`${String(numbers.get(id))} ${place}=${JSON.stringify(value)}`] : [];
  });
  return beside.length === 0 ? result : `${result}|${beside.toSorted().join('|')}`;
}
