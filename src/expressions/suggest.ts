/** "Did you mean": the nearest known name. */
import { closest, distance } from 'fastest-levenshtein';

/** The known name that is most like `name`, or undefined when none is near enough to be meant. */
export function suggest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(name, known);
  const allowed = Math.max(1, Math.floor(Math.max(name.length, best.length) / 3));
  return distance(name.toLowerCase(), best.toLowerCase()) <= allowed ? best : undefined;
}

/** `did you mean 'length'?`, or undefined when no known name is near. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  const best = suggest(name, known);
  return best === undefined ? undefined : `did you mean '${best}'?`;
}
