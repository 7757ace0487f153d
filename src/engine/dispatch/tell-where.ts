/** Where a function of the author threw. Told to the log alone, for who looks for it: what is stored must not depend on it. */
import { WorkflowError } from '../../core/errors.ts';
import type { Logger } from '../../core/ports.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';

export function tellWhere(logger: Logger, run: string, { info, attempt }: EffectInput, error: unknown): void {
  if (!(error instanceof Error) || error instanceof WorkflowError) return;
  const frames = stackOf(error)
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  // Without its message, which may hold what the function worked on.
  logger.debug('a function threw', {
    run,
    step: info?.step.id ?? null,
    attempt,
    at: frames.map((line) => line.trim()),
  });
}

/** An error is the author's: its stack need be no text, and may throw when it is read. Nothing is told then. */
function stackOf(error: Error): string {
  try {
    return typeof error.stack === 'string' ? error.stack : '';
  } catch {
    return '';
  }
}
