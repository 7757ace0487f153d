/** Steps that wait for somebody: there is nothing to try again. */
import type { StepBase } from './definition.ts';
import type { StepReader } from './step-kind.ts';

/** @param what `a signal step` */
export function refuseAttempts(base: StepBase, what: string, reader: StepReader): void {
  if (base.retry !== null) {
    reader.add('FIELD_MISPLACED', 'retry', `${what} cannot have retry: it waits, there is nothing to try again`, {
      hint: "'timeout' bounds the wait",
    });
  }
  if (base.totalTimeoutMs !== null) {
    reader.add('FIELD_MISPLACED', 'totalTimeout', `${what} cannot have totalTimeout: it has no attempts`, {
      hint: "'timeout' bounds the wait",
    });
  }
}
