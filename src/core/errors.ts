/** Every error that people meet, and the one table of codes. Owns no texts of single mistakes: see `issue.ts`. */
import { formatIssue, type Issue } from './issue.ts';

/**
 * The one table of operating failures. `exit`: exit code of the CLI; `http`: status of the server; `retryable`: whether
 * a step that fails with it is tried again by default (language reference, "Steps").
 */
export const errorTable = {
  AGENT_ERROR: { exit: 1, http: 502, retryable: true },
  AGENT_UNREACHABLE: { exit: 4, http: 502, retryable: true },
  AGENT_RESPONSE_INVALID: { exit: 1, http: 502, retryable: true },
  ADDRESS_BLOCKED: { exit: 1, http: 403, retryable: false },
  CANCELLED: { exit: 6, http: 409, retryable: false },
  CONDITION_FAILED: { exit: 1, http: 500, retryable: false },
  CONFLICT: { exit: 2, http: 409, retryable: false },
  DEFINITION_INVALID: { exit: 2, http: 422, retryable: false },
  EFFECT_UNKNOWN: { exit: 1, http: 500, retryable: false },
  FUNCTION_CHANGED: { exit: 2, http: 500, retryable: false },
  FUNCTION_MISSING: { exit: 2, http: 500, retryable: false },
  HANDLER_FAILED: { exit: 1, http: 500, retryable: true },
  HTTP_ERROR: { exit: 1, http: 502, retryable: true },
  HTTP_UNREACHABLE: { exit: 4, http: 502, retryable: true },
  INPUT_INVALID: { exit: 2, http: 422, retryable: false },
  LIMIT_EXCEEDED: { exit: 1, http: 413, retryable: false },
  LOOP_LIMIT: { exit: 1, http: 500, retryable: false },
  NOT_FOUND: { exit: 3, http: 404, retryable: false },
  OUTPUT_INVALID: { exit: 1, http: 502, retryable: true },
  REQUEST_INVALID: { exit: 1, http: 400, retryable: false },
  RESPONSE_TOO_LARGE: { exit: 1, http: 502, retryable: false },
  STEP_FAILED: { exit: 1, http: 500, retryable: true },
  STEPS_FAILED: { exit: 1, http: 500, retryable: false },
  STORE_BUSY: { exit: 4, http: 503, retryable: true },
  STORE_INVALID: { exit: 4, http: 500, retryable: false },
  STORE_UNAVAILABLE: { exit: 4, http: 503, retryable: true },
  TEMPLATE_FAILED: { exit: 1, http: 500, retryable: false },
  TERMINAL: { exit: 1, http: 500, retryable: false },
  TIMEOUT: { exit: 124, http: 504, retryable: true },
} as const satisfies Record<string, { exit: number; http: number; retryable: boolean }>;

export type ErrorCode = keyof typeof errorTable;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text);
}

/** An error as it is stored, sent and shown: plain JSON. Secrets are masked before it is made. */
export interface ErrorData {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** What the other side asked us to wait, in milliseconds (`Retry-After`). */
  readonly retryAfterMs?: number;
  /** Plain details: `status`, `address`, `excerpt` (at most 2 KB of an answer), `step`, `attempt`, ... */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: ErrorData;
  /** Errors of branches or rounds, by step id or index. */
  readonly errors?: Readonly<Record<string, ErrorData>>;
}

export interface WorkflowErrorOptions {
  readonly cause?: unknown;
  /** Overrides the table. */
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An operating failure: something outside did not work. `code` is from {@link errorTable}. */
export class WorkflowError extends Error {
  override readonly name: string = 'WorkflowError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: WorkflowErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? errorTable[code].retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** Thrown by a step author: try again, at the earliest after `retryAfterMs`. */
export class RetryableError extends WorkflowError {
  override readonly name = 'RetryableError';
  constructor(message: string, options: Omit<WorkflowErrorOptions, 'retryable'> = {}) {
    super('STEP_FAILED', message, { ...options, retryable: true });
  }
}

/** Thrown by a step author: never try again. */
export class TerminalError extends WorkflowError {
  override readonly name: string = 'TerminalError';
  constructor(message: string, options: Omit<WorkflowErrorOptions, 'retryable'> & { readonly code?: ErrorCode } = {}) {
    super(options.code ?? 'TERMINAL', message, { ...options, retryable: false });
  }
}

/** An attempt, a step or a run took longer than its timeout. */
export class TimeoutError extends WorkflowError {
  override readonly name = 'TimeoutError';
  constructor(message: string, options: WorkflowErrorOptions = {}) {
    super('TIMEOUT', message, options);
  }
}

/** The run or the step was cancelled. */
export class CancelledError extends TerminalError {
  override readonly name = 'CancelledError';
  constructor(message: string, options: Omit<WorkflowErrorOptions, 'retryable'> = {}) {
    super(message, { ...options, code: 'CANCELLED' });
  }
}

/** A template met a path that is not there, or made something too large. */
export class TemplateError extends WorkflowError {
  override readonly name = 'TemplateError';
  constructor(message: string, options: WorkflowErrorOptions = {}) {
    super('TEMPLATE_FAILED', message, options);
  }
}

/** A bug of ours (or a store that was tampered with). The run it concerns is left untouched. */
export class InvariantError extends Error {
  override readonly name: string = 'InvariantError';
}

/** The error of another run (a round, a child), as the cause of ours: it stays what it is. */
export class StoredError extends Error {
  override readonly name: string;
  readonly code: string;
  readonly data: ErrorData;
  constructor(data: ErrorData) {
    super(data.message, data.cause === undefined ? undefined : { cause: new StoredError(data.cause) });
    this.name = data.name;
    this.code = data.code;
    this.data = data;
  }
}

/** How another run ended, as part of a sentence: `failed at step 'pay': status 503`. */
export function failedWhere({ message, details }: ErrorData): string {
  const step = details?.['step'];
  return `failed${typeof step === 'string' ? ` at step '${step}'` : ''}: ${message}`;
}

/** A definition with mistakes: all of them. */
export class DefinitionError extends WorkflowError {
  override readonly name = 'DefinitionError';
  readonly issues: readonly Issue[];
  constructor(subject: string, issues: readonly Issue[]) {
    const errors = issues.filter((issue) => issue.severity !== 'warning');
    const count = errors.length === 1 ? '1 mistake' : `${errors.length} mistakes`;
    super(
      'DEFINITION_INVALID',
      `${subject} has ${count}:\n${errors.map((issue) => `  - ${formatIssue(issue)}`).join('\n')}`,
    );
    this.issues = issues;
  }
}

/** The input of a run does not fit the workflow's input schema: all problems. */
export class InputError extends WorkflowError {
  override readonly name = 'InputError';
  readonly issues: readonly Issue[];
  constructor(workflow: string, issues: readonly Issue[]) {
    super(
      'INPUT_INVALID',
      `The input of workflow '${workflow}' is not valid:\n${issues.map((issue) => `  - ${formatIssue(issue)}`).join('\n')}`,
    );
    this.issues = issues;
  }
}

const maxMessageLength = 4_000;
const maxCauseDepth = 8;
/** Of details, in characters of JSON. */
const maxDetailsLength = 65_536;

/**
 * Any thrown value as {@link ErrorData}, which is plain JSON whatever was thrown; `code` is used for errors that are not ours (what
 * user code throws is retryable). Never throws.
 */
export function toErrorData(thrown: unknown, code: ErrorCode = 'STEP_FAILED'): ErrorData {
  try {
    return errorData(thrown, code, 0);
  } catch {
    const message = 'something was thrown that cannot be read';
    return { name: 'Error', code, message, retryable: errorTable[code].retryable };
  }
}

function errorData(thrown: unknown, code: ErrorCode, depth: number): ErrorData {
  if (thrown instanceof StoredError) return withoutCausesBelow(thrown.data, depth);
  const error = thrown instanceof Error ? thrown : new Error(describeThrown(thrown));
  const own = error instanceof WorkflowError ? error : null;
  const cause: unknown = error.cause;
  return {
    name: asText(error.name),
    code: own?.code ?? code,
    message: asText(error.message).slice(0, maxMessageLength),
    retryable: own?.retryable ?? errorTable[code].retryable,
    ...(own?.retryAfterMs !== undefined && isDelay(own.retryAfterMs) ? { retryAfterMs: own.retryAfterMs } : {}),
    ...(own?.details === undefined ? {} : { details: plainDetails(own.details) }),
    ...(cause === undefined || depth >= maxCauseDepth ? {} : { cause: errorData(cause, code, depth + 1) }),
  };
}

function withoutCausesBelow(error: ErrorData, depth: number): ErrorData {
  const { cause, ...rest } = error;
  if (cause === undefined || depth >= maxCauseDepth) return rest;
  return { ...rest, cause: withoutCausesBelow(cause, depth + 1) };
}

/** What else a thrower says would be another delay after a replay than before. */
function isDelay(ms: number): boolean {
  return Number.isFinite(ms) && ms >= 0;
}

/** Details are the thrower's: they need be neither JSON nor small. */
function plainDetails(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    const text = JSON.stringify(details);
    if (text.length > maxDetailsLength) return { omitted: `${text.length} characters of JSON` };
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch (error) {
    return { omitted: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

/** Fields of errors can be anything: they are the author's. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}
