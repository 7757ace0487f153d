/** Fields of steps that call something which may say "accepted" and complete later: `callback` and `heartbeatTimeout`. */
import type { StepBase } from './definition.ts';
import { duration, flag, type Fields } from './fields.ts';
import { defaultCallTimeoutMs } from './limits.ts';
import type { DurationInput } from '../core/duration.ts';
import type { StepReader } from './step-kind.ts';

export interface CallbackForm {
  /** An answer 202 means that the work was accepted, and is completed by a call back. @default false */
  readonly callback?: boolean;
  /** So long without a sign of life of accepted work is a failure of the attempt. @default none is expected */
  readonly heartbeatTimeout?: DurationInput;
}

export const callbackFields = { callback: flag.optional(), heartbeatTimeout: duration().optional() };

/** With the timeout of an attempt: what completes later has none of its own. */
export function readCallback(
  given: Fields<typeof callbackFields>,
  base: StepBase,
  reader: StepReader,
): { readonly callback: boolean; readonly heartbeatTimeoutMs: number | null; readonly timeoutMs: number | null } {
  const { callback = false, heartbeatTimeout = null } = given;
  if (heartbeatTimeout !== null && !callback)
    reader.add(
      'FIELD_MISPLACED',
      'heartbeatTimeout',
      "heartbeatTimeout needs 'callback: true': only work that completes later gives signs of life",
    );
  if (callback && base.cache !== null)
    reader.add('FIELD_CONFLICT', 'cache', 'a step has either cache or callback, not both', {
      hint: 'put what is to be cached into a step of its own',
    });
  return {
    callback,
    heartbeatTimeoutMs: heartbeatTimeout,
    timeoutMs: base.timeoutMs ?? (callback ? null : defaultCallTimeoutMs),
  };
}
