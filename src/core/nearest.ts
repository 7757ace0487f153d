/** "Did you mean": which of the known names was meant. One rule for steps, fields, agents, workflows and runs. */

/**
 * The known name that is most like `name`, or undefined when none is near enough to be meant. Upper and lower case count as
 * the same, two neighbours that were swapped as one slip.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const limit = Math.min(allowedSlips(Math.max(name.length, candidate.length)), fewest - 1);
    if (Math.abs(candidate.length - name.length) > limit) continue;
    const found = slips(...apart(wanted, candidate.toLowerCase()), limit);
    if (found > limit) continue;
    best = candidate;
    fewest = found;
  }
  return best;
}

/** `did you mean 'summarize'?`, or undefined when no known name is near. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const best = nearest(name, known);
  return best === undefined ? undefined : `did you mean '${best}'?`;
}

/** In names of this length: none in `a`, one in `end`, two in `review`, three from nine letters on. */
function allowedSlips(length: number): number {
  return length < 3 ? 0 : Math.min(3, Math.floor(length / 3));
}

/** Without what both begin and end with, which makes no difference: names that are long have much in common. */
function apart(a: string, b: string): readonly [string, string] {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}

/**
 * How many letters were added, left out, taken for another or swapped with their neighbour; any number over `limit` when
 * they are more (row by row, as by Wagner and Fischer; `before` is for the swaps).
 */
function slips(a: string, b: string, limit: number): number {
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min(at(last, column) + 1, at(next, column - 1) + 1, at(last, column - 1) + changed);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) least = Math.min(least, at(before, column - 2) + 1);
      next.push(least);
    }
    if (Math.min(...next, ...last) > limit) return limit + 1;
    before = last;
    last = next;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? 0;
}
