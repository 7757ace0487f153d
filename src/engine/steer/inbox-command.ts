/** What processes leave for each other in the inbox of a run, as text. */
import { z } from 'zod';
import type { HistoryEvent } from '../../core/event.ts';
import type { ControlCommand } from './control-commands.ts';

/** What other processes leave for the owner of a run: an event, or an intervention, which the owner makes one of. */
export type Command = HistoryEvent | { readonly type: 'control'; readonly command: ControlCommand };

export function encodeCommand(command: Command): string {
  return JSON.stringify(command);
}

const reason = { by: z.string().optional(), why: z.string().optional() };
const result = { effect: z.string(), visit: z.int(), attempt: z.int() };
const value = z.looseObject({});

/** As far as advancing reads them without looking. */
const commands = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('effect.completed'), ...result, output: value }),
  z.looseObject({ type: z.literal('effect.failed'), ...result, error: z.looseObject({ message: z.string() }) }),
  z.looseObject({ type: z.literal('effect.heartbeat'), ...result }),
  z.looseObject({ type: z.literal('signal.received'), name: z.string(), payload: value }),
  z.looseObject({ type: z.literal('task.answered'), step: z.string(), visit: z.int(), output: value }),
  z.looseObject({
    type: z.enum(['run.paused', 'run.resumed', 'run.cancelled', 'run.terminated']),
    ...reason,
  }),
  z.looseObject({ type: z.enum(['breakpoint.set', 'breakpoint.removed']), step: z.string(), ...reason }),
  z.looseObject({ type: z.literal('control'), command: z.looseObject({ kind: z.string(), ...reason }) }),
]);

/** Null when it is none that an owner takes from others. */
export function decodeCommand(data: string): Command | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    return null;
  }
  return commands.safeParse(parsed).success ? (parsed as Command) : null;
}
