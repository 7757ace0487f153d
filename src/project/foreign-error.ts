/**
 * Errors of another copy of this package: a workflow file may import its own installation, whose classes are not ours.
 * They are known by their fields.
 */
import { errorTable, type ErrorCode } from '../core/errors.ts';
import type { Issue } from '../core/issue.ts';

/** The code of one of our errors; null for any other value. */
export function codeOfError(error: unknown): ErrorCode | null {
  const code: unknown = error instanceof Error && 'code' in error && 'retryable' in error ? error.code : null;
  return typeof code === 'string' && Object.hasOwn(errorTable, code) ? (code as ErrorCode) : null;
}

/** The issues of a definition error; null for any other value. */
export function issuesOf(error: unknown): readonly Issue[] | null {
  if (codeOfError(error) !== 'DEFINITION_INVALID' || !(error instanceof Error) || !('issues' in error)) return null;
  return Array.isArray(error.issues) ? (error.issues as readonly Issue[]) : null;
}
