/** What somebody said to a run, and why it does not take it. */
import { WorkflowError } from '../../core/errors.ts';

export function refused(run: string, what: string, why: string): WorkflowError {
  return new WorkflowError('CONFLICT', `run '${run}' does not take '${what}': ${why}`, {
    details: { run, refused: why },
  });
}
