/** Times, values and errors as people read them. Pure: the time zone is that of the process. */
import type { ErrorData } from '../../core/errors.ts';
import type { StepQueued } from '../../engine/read/run-events.ts';
import { oneLine } from './text.ts';

/** `85ms`, `1.2s`, `12s`, `3m 05s`, `2h 07m`, `4d 03h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)}d ${pad(hours % 24)}h`;
}

function pad(number: number, length = 2): string {
  return String(number).padStart(length, '0');
}

/** `14:03:07.120`. */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

/** `2025-11-22 14:03:07`. */
export function dateAndTime(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${timeOfDay(at).slice(0, 8)}`;
}

/** `640 bytes`, `12 kB`, `3.4 MB`. */
export function bytes(size: number): string {
  if (size < 1_000) return `${size} bytes`;
  if (size < 1_000_000) return `${Math.round(size / 1_000)} kB`;
  return `${(size / 1_000_000).toFixed(1)} MB`;
}

/** A value on one line: texts as they are, everything else as JSON. Not cut. */
export function inline(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return oneLine(text.length > 10_000 ? text.slice(0, 10_000) : text);
}

/** The error, then what caused it, then the errors of branches; one line each, with how deep it is. */
export function errorChain(error: ErrorData): readonly { readonly depth: number; readonly text: string }[] {
  const lines: { depth: number; text: string }[] = [];
  const add = (each: ErrorData, prefix: string, depth: number): void => {
    if (lines.length >= 40) return;
    // What is not ours has no code of its own.
    const code = depth > 0 && each.code === 'STEP_FAILED' ? '' : ` (${each.code})`;
    lines.push({ depth, text: `${prefix}${oneLine(each.message)}${code}` });
    for (const [name, inner] of Object.entries(each.errors ?? {})) add(inner, `${name}: `, depth + 1);
    if (each.cause !== undefined && each.cause.message !== each.message) add(each.cause, 'caused by: ', depth + 1);
  };
  add(error, '', 0);
  return lines;
}

/** `waits for limit 'openai' (key x), 3 ahead`. */
export function describeQueue({ kind, limit, key, ahead }: NonNullable<StepQueued['queue']>): string {
  if (kind === 'cache') return 'waits for a run that makes the same output';
  const what = kind === 'engine' ? limit : `${kind === 'agent' ? 'agent' : 'limit'} '${oneLine(limit)}'`;
  const of = key === null ? '' : ` (key ${oneLine(key.slice(0, 60))})`;
  return `waits for ${what}${of}, ${ahead === 0 ? 'next in line' : `${ahead} ahead`}`;
}

/** What became of what a failed run did, in words; null: there was nothing to undo. */
export function compensationText({ details }: ErrorData): string | null {
  if (details?.['compensation'] === 'complete') return 'what it did was undone';
  if (details?.['compensation'] !== 'incomplete') return null;
  const left: unknown = details['notCompensated'];
  return `not all that it did was undone${Array.isArray(left) ? `; left: ${left.map(String).join(', ')}` : ''}`;
}

/** `1 step`, `3 steps`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}
