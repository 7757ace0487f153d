/** Durations as authors write them: milliseconds, or a text such as `30s`. */

/** One hundred years; more is a slip of the keyboard. */
const maxDurationMs = 100 * 366 * 86_400_000;

/** Milliseconds, or `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"1d"`. */
export type DurationInput = number | string;

export const durationExpectation = "a number of milliseconds, or a text such as '30s', '5m', '2h' or '1d'";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const pattern = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** Milliseconds, or what is wrong (the end of a sentence that begins with the field's name). */
export function parseDuration(
  value: unknown,
  minimum: 'positive' | 'zero' = 'positive',
): { readonly ms: number } | { readonly problem: string } {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? parseText(value.trim()) : null;
  if (ms === null || !Number.isFinite(ms)) return { problem: `must be ${durationExpectation}` };
  if (ms < 0) return { problem: minimum === 'zero' ? 'must not be negative' : 'must be positive' };
  if (ms === 0 && minimum === 'positive') return { problem: 'must be positive' };
  if (ms > maxDurationMs) return { problem: 'must be at most 100 years' };
  return { ms: Math.ceil(ms) };
}

function parseText(text: string): number | null {
  const match = pattern.exec(text);
  return match === null ? null : Number(match[1]) * (units[match[2] as string] as number);
}
