/** What may end a call from outside: one deadline for all of it, and the caller's signal. */
import { CancelledError, TerminalError, TimeoutError, type WorkflowError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';

export interface Stop {
  /** Set once the call has to end. */
  readonly reason: WorkflowError | null;
  /** Who is told; one at a time. Told at once when the reason is there already. */
  listen(listener: (reason: WorkflowError) => void): void;
  dispose(): void;
}

/**
 * `what` names the call in messages. The caller disposes.
 * @throws TerminalError REQUEST_INVALID for a timeout that is no positive number
 */
export function createStop(clock: Clock, timeoutMs: number, signal: AbortSignal | undefined, what: string): Stop {
  if (!(timeoutMs > 0) || timeoutMs === Infinity) {
    throw new TerminalError(`The timeout of ${what} must be a positive number of milliseconds`, {
      code: 'REQUEST_INVALID',
    });
  }
  let reason: WorkflowError | null = null;
  let listener: ((reason: WorkflowError) => void) | null = null;
  const stop = (error: WorkflowError) => {
    if (reason !== null) return;
    reason = error;
    listener?.(error);
  };
  const onAbort = () => stop(new CancelledError(`${what} was cancelled`, { cause: signal?.reason }));
  const unschedule = clock.schedule(() => {
    stop(new TimeoutError(`${what} timed out after ${timeoutMs} ms`, { details: { timeoutMs } }));
  }, timeoutMs);
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return {
    get reason() {
      return reason;
    },
    listen(next) {
      listener = next;
      if (reason !== null) next(reason);
    },
    dispose() {
      listener = null;
      unschedule();
      signal?.removeEventListener('abort', onAbort);
    },
  };
}
