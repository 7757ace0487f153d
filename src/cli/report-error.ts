/** Says what went wrong: one paragraph on stderr, with `--json` an object on stdout as well. No stack, unless DANK_DEBUG=1. */
import { codeOfError, issuesOf } from '../project/foreign-error.ts';
import { isDebug } from './is-debug.ts';
import { exitCodeOfError, exitCodes } from './exit-code.ts';
import type { Io } from './io.ts';
import { harmless } from './view/text.ts';

/** Gives the exit code. */
export function reportError(io: Io, error: unknown, isJson: boolean): number {
  const code = codeOfError(error);
  const exitCode = code === null ? exitCodes.failed : exitCodeOfError(code);
  const message = harmless(error instanceof Error ? error.message : String(error));
  const unexpected = code === null ? 'unexpected: ' : '';
  const hint = code === null && !isDebug(io) ? ' (DANK_DEBUG=1 shows where it comes from)' : '';
  io.err(`${io.errStyle.red('error:')} ${unexpected}${message}${hint}\n`);
  if (isDebug(io) && error instanceof Error) io.err(`${error.stack ?? ''}\n`);
  if (isJson) {
    const issues = issuesOf(error);
    const name = error instanceof Error ? error.name : 'Error';
    io.out(
      `${JSON.stringify({ type: 'error', error: { name, code, message, ...(issues === null ? {} : { issues }) }, exitCode })}\n`,
    );
  }
  return exitCode;
}
