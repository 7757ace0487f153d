/** Asks before work is repeated: in a terminal; elsewhere `--yes` has to say it. */
import { WorkflowError } from '../core/errors.ts';
import type { Repeat } from '../engine/steer/repeats.ts';
import type { Io } from './io.ts';
import { count } from './view/format.ts';

/** @throws WorkflowError REQUEST_INVALID when nobody can be asked; CANCELLED when the answer is no */
export async function confirm(
  io: Io,
  { yes, quiet }: { readonly yes?: boolean; readonly quiet?: boolean },
  lines: readonly string[],
): Promise<void> {
  if (quiet !== true || yes !== true) for (const line of lines) io.err(`${line}\n`);
  if (yes === true) return;
  if (!io.stdinIsTTY || !io.stderr.isTTY)
    throw new WorkflowError('REQUEST_INVALID', 'nothing was done: say --yes to go on (there is no terminal to ask in)');
  if (!/^y(es)?$/i.test((await io.ask('Go on? [y/N] ')).trim()))
    throw new WorkflowError('CANCELLED', 'nothing was done');
}

/** What would be carried out once more. */
export function repeatLines(repeats: readonly Repeat[]): readonly string[] {
  if (repeats.length === 0) return ['No work that was carried out is repeated.'];
  return [
    'Work that was carried out already, and may be once more, with new keys:',
    ...repeats.map(({ step, type, attempts }) => `  ${step}  (${type}, ${count(attempts, 'attempt')} so far)`),
  ];
}
