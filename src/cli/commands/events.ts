/** `events <run>`: the history of a run as it is stored. */
import { WorkflowError } from '../../core/errors.ts';
import type { Recorded } from '../../core/event.ts';
import { decodeEvent } from '../../engine/drive/codec.ts';
import { exitCodes } from '../exit-code.ts';
import { findRun } from '../find-run.ts';
import type { EventsFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { dateAndTime, inline, timeOfDay } from '../view/format.ts';
import { tableLines } from '../view/table.ts';
import { oneLine } from '../view/text.ts';

export async function events(io: Io, wanted: string, flags: EventsFlags): Promise<number> {
  const from = readCount('--from', flags.from) ?? 1;
  const limit = readCount('--limit', flags.limit);
  const { store, row } = await findRun(io, wanted, flags);
  try {
    const recorded = store.readEvents(row.id, from, limit).map(decodeEvent);
    if (flags.json === true) {
      const plain = recorded.map(({ seq, at, event }) => ({ seq, at, ...event }));
      io.out(`${JSON.stringify(plain, null, 2)}\n`);
      return exitCodes.ok;
    }
    const { outStyle: style } = io;
    io.out(
      `${style.bold(row.workflow)} ${style.dim(`version ${row.version}  run ${row.id}  ${dateAndTime(row.createdAt)}`)}\n`,
    );
    const lines = recorded.map((each) => [String(each.seq), timeOfDay(each.at), each.event.type, ...cells(each)]);
    const columns = io.stdout.isTTY ? io.stdout.columns() : null;
    for (const line of tableLines(['seq', 'time', 'event', 'about', 'what'], lines, style, columns))
      io.out(`${line}\n`);
    return exitCodes.ok;
  } finally {
    store.close();
  }
}

/** @throws WorkflowError REQUEST_INVALID */
function readCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new WorkflowError('REQUEST_INVALID', `${option} ${text}: expected a whole number from 1 on`);
}

/** What it is about, and what it brought. */
function cells({ seq, event }: Recorded): readonly [about: string, what: string] {
  switch (event.type) {
    case 'run.started':
      return [`${event.workflow} ${event.version}`, values(event.input)];
    case 'effect.completed':
      return [attempt(event), values(event.output)];
    case 'effect.failed':
      return [attempt(event), `${oneLine(event.error.message)} (${event.error.code})`];
    case 'timer.fired':
      return [event.timer, `set by event ${event.setBy}`];
    case 'signal.received':
      return [event.name, `${values(event.payload)}${reason(event)}`];
    case 'task.answered':
      return [`${event.step} visit ${event.visit}`, `${values(event.output)}${reason(event)}`];
    case 'run.rebased': {
      const from = event.from === undefined ? '' : `from event ${event.from.seq} of run ${event.from.run}`;
      return [
        `${event.kind}${event.steps === undefined ? '' : ` ${event.steps.join(', ')}`}`,
        `${from}${reason(event)}`.trim(),
      ];
    }
    case 'effect.accepted':
    case 'effect.heartbeat':
      return [attempt(event), ''];
    case 'breakpoint.set':
    case 'breakpoint.removed':
      return [`${event.when} ${event.step}`, reason(event).trim()];
    case 'events.removed':
      return [`${seq} to ${event.to}`, 'nothing refers to them any more'];
    case 'function.changed':
      return [Object.keys(event.functions).join(', '), ''];
    case 'run.aborted':
      return ['', `${oneLine(event.error.message)} (${event.error.code})`];
    default:
      return ['', reason(event).trim()];
  }
}

function attempt({
  effect,
  visit,
  attempt: number,
}: {
  readonly effect: string;
  readonly visit: number;
  readonly attempt: number;
}): string {
  return `${effect} visit ${visit}${number > 1 ? ` attempt ${number}` : ''}`;
}

const maxValue = 100;

/** Values as they are; what is stored elsewhere as what it refers to. */
function values(stored: object): string {
  const text = 'v' in stored ? inline(stored.v) : inline(stored);
  return text.length > maxValue ? `${text.slice(0, maxValue)}...` : text;
}

function reason({ by, why }: { readonly by?: string; readonly why?: string }): string {
  return `${by === undefined ? '' : ` by ${oneLine(by)}`}${why === undefined ? '' : `: ${oneLine(why)}`}`;
}
