/** Which runs are meant, from the options of `runs`, `prune` and `export`. */
import { WorkflowError } from '../core/errors.ts';
import type { RunFilter } from '../core/ports.ts';
import type { RunStatus, WaitingFor } from '../core/run.ts';
import { readTimeout } from './drive.ts';
import type { FilterFlags } from './flags.ts';
import { parseValue } from './input.ts';
import type { Io } from './io.ts';

const statuses: readonly RunStatus[] = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'];
const waits: readonly WaitingFor[] = ['timer', 'human', 'signal', 'child', 'effect'];

/** @throws WorkflowError REQUEST_INVALID */
export function readFilter(io: Io, flags: FilterFlags): RunFilter {
  const filter: { -readonly [Name in keyof RunFilter]: RunFilter[Name] } = {};
  if (flags.workflow !== undefined) filter.workflow = flags.workflow;
  if (flags.workflowVersion !== undefined) filter.version = flags.workflowVersion;
  if (flags.tag !== undefined) filter.tag = flags.tag;
  if (flags.parent !== undefined) filter.parent = flags.parent;
  if (flags.status !== undefined) filter.status = flags.status.map((each) => readWord('--status', each, statuses));
  if (flags.waitingFor !== undefined)
    filter.waitingFor = flags.waitingFor.map((each) => readWord('--waiting-for', each, waits));
  if (flags.input !== undefined) filter.input = Object.fromEntries(flags.input.map(readAttribute));
  if (flags.since !== undefined) filter.createdAfter = readTime(io, '--since', flags.since);
  if (flags.until !== undefined) filter.createdBefore = readTime(io, '--until', flags.until);
  if (flags.updatedSince !== undefined) filter.updatedAfter = readTime(io, '--updated-since', flags.updatedSince);
  if (flags.updatedUntil !== undefined) filter.updatedBefore = readTime(io, '--updated-until', flags.updatedUntil);
  return filter;
}

/** `customer=42`, `order.region=eu`. What is no JSON is a text; it is compared as text anyway. */
function readAttribute(pair: string): readonly [string, string | number | boolean | null] {
  const split = pair.indexOf('=');
  if (split < 1) throw usage(`--input ${pair}: expected path=value, as customer=42 or order.region=eu`);
  const value = parseValue(pair.slice(split + 1));
  if (typeof value === 'object' && value !== null)
    throw usage(
      `--input ${pair}: what is inside is compared by its own path, as ${pair.slice(0, split)}.<key>=<value>`,
    );
  return [pair.slice(0, split), value as string | number | boolean | null];
}

/** @throws WorkflowError REQUEST_INVALID */
export function readWord<T extends string>(option: string, given: string, known: readonly T[]): T {
  const found = known.find((each) => each === given);
  if (found === undefined) throw usage(`${option} ${given}: expected one of ${known.join(', ')}`);
  return found;
}

/** A date (`2026-01-31`, also with a time), or how long ago (`2h`). */
function readTime(io: Io, option: string, text: string): number {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return io.clock.now() - readTimeout(text, option);
  // A date alone is a day where we are, not at Greenwich.
  const at = Date.parse(text.length === 10 ? `${text}T00:00:00` : text);
  if (Number.isFinite(at)) return at;
  throw usage(`${option} ${text}: there is no such time`);
}

function usage(message: string): WorkflowError {
  return new WorkflowError('REQUEST_INVALID', message);
}
