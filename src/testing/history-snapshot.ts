/** A run's history for snapshots: readable, and the same from test to test. Owns what is left out; nothing reads it back. */
import type { HistoryEvent, Recorded } from '../core/event.ts';
import { isPlainObject } from '../core/json.ts';

/** One event: `after` is the time since the run's first event, such as `1500ms`. */
export type SnapshotEvent = { readonly type: HistoryEvent['type']; readonly after: string } & Readonly<
  Record<string, unknown>
>;

/** Of events: what differs from definition to definition, or from release to release, and is not what happened. */
const leftOut: ReadonlySet<string> = new Set(['type', 'hash', 'format', 'kept', 'random']);

export function historySnapshot(events: readonly Recorded[], run: string): readonly SnapshotEvent[] {
  const start = events[0]?.at ?? 0;
  return events.map(({ at, event }) => {
    const fields = Object.entries(event).filter(([name]) => !leftOut.has(name));
    return {
      type: event.type,
      after: `${at - start}ms`,
      ...Object.fromEntries(fields.map(([name, value]) => [name, plain(value, run)])),
    };
  });
}

/** Stored values as what they stand for, ids of runs as `<run>`. */
function plain(value: unknown, run: string): unknown {
  if (typeof value === 'string')
    return value === run || value.startsWith(`${run}/`) ? `<run>${value.slice(run.length)}` : value;
  if (Array.isArray(value)) return value.map((each) => plain(each, run));
  if (!isPlainObject(value)) return value;
  const keys = Object.keys(value);
  if (keys.length === 1) {
    if ('v' in value) return plain(value['v'], run);
    if ('o' in value) return plain(value['o'], run);
    if ('a' in value) return plain(value['a'], run);
    if ('r' in value && isPlainObject(value['r'])) return refText(value['r'], run);
  }
  return Object.fromEntries(keys.map((key) => [key, plain(value[key], run)]));
}

function refText(ref: Readonly<Record<string, unknown>>, run: string): string {
  const of = typeof ref['run'] === 'string' && ref['run'] !== run ? ` of ${String(plain(ref['run'], run))}` : '';
  const path = Array.isArray(ref['path']) ? ` at ${ref['path'].join('.')}` : '';
  return `<${ref['part'] === 'metadata' ? 'metadata' : 'output'} of event ${String(ref['seq'])}${of}${path}>`;
}
