/** What the exit codes mean; the one table of failures is in `core/errors.ts`. */
import { errorTable, type ErrorCode } from '../core/errors.ts';
import type { RunReport } from '../engine/read/run.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  waitingForPerson: 5,
  cancelled: 6,
  /** Nothing was found, but not everything was looked at. */
  incomplete: 7,
  timeout: 124,
  interrupted: 130,
  terminated: 143,
} as const;

/** Of a command that failed. What an API calls a bad request is wrong usage here. */
export function exitCodeOfError(code: ErrorCode): number {
  return code === 'REQUEST_INVALID' ? exitCodes.usage : errorTable[code].exit;
}

/** Of a run: that it failed says 1, but for what can be mended outside of it. */
export function exitCodeOfRun(report: RunReport): number {
  switch (report.status) {
    case 'completed':
      return exitCodes.ok;
    case 'cancelled':
      return exitCodes.cancelled;
    case 'failed': {
      const exit = Object.hasOwn(errorTable, report.error.code)
        ? errorTable[report.error.code as ErrorCode].exit
        : exitCodes.failed;
      return exit === exitCodes.unreachable || exit === exitCodes.timeout ? exit : exitCodes.failed;
    }
    case 'pending':
    case 'running':
    case 'paused':
      return report.waitingFor === 'human' ? exitCodes.waitingForPerson : exitCodes.ok;
  }
}
