/** Numbers given as flags. */
import { WorkflowError } from '../core/errors.ts';

/** @throws WorkflowError REQUEST_INVALID */
export function wholeNumber(text: string, flag: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new WorkflowError('REQUEST_INVALID', `${flag} ${text}: expected a whole number from 1 on`);
}
