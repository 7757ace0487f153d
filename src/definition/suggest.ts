/** The known name that was meant: small slips, swapped letters, other case. */
import { distance } from 'fastest-levenshtein';

/** Undefined when none is near enough. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  const lower = name.toLowerCase();
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > allowed(candidate.length)) continue;
    const away = distance(lower, candidate.toLowerCase());
    if (away > allowed(Math.max(name.length, candidate.length)) || away >= bestDistance) continue;
    best = candidate;
    bestDistance = away;
  }
  return best;
}

/** Slips in a name of this length: none in `a`, 1 in `end`, 2 in `agent` (two letters swapped count as 2), 3 from twelve letters on. */
function allowed(length: number): number {
  if (length < 3) return 0;
  if (length === 3) return 1;
  return length < 12 ? 2 : 3;
}
