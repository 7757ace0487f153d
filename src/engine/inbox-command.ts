/** What processes leave for each other in the inbox of a run, as text. */
import type { HistoryEvent } from '../core/event.ts';
import { isPlainObject } from '../core/json.ts';
import type { ControlCommand } from './control-commands.ts';

/** What other processes leave for the owner of a run: an event, or an intervention, which the owner makes one of. */
export type Command = HistoryEvent | { readonly type: 'control'; readonly command: ControlCommand };

export function encodeCommand(command: Command): string {
  return JSON.stringify(command);
}

const commandTypes: ReadonlySet<string> = new Set([
  'effect.completed',
  'effect.failed',
  'effect.heartbeat',
  'signal.received',
  'task.answered',
  'run.paused',
  'run.resumed',
  'run.cancelled',
  'run.terminated',
  'breakpoint.set',
  'breakpoint.removed',
  'control',
]);

/** Null when it is none that an owner takes from others. */
export function decodeCommand(data: string): Command | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    return null;
  }
  const isCommand = isPlainObject(parsed) && typeof parsed['type'] === 'string' && commandTypes.has(parsed['type']);
  return isCommand ? (parsed as Command) : null;
}
