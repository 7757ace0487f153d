/**
 * Which failures have to be told apart: those after which something goes on otherwise. Whoever is around a failed step may try
 * again, may have to undo what nobody knows of, may be asked what went wrong; a failure is the same as another when all of them
 * take it the same.
 */
import { isErrorCode, type ErrorCode, type ErrorData } from '../core/errors.ts';
import { isWorthAnother } from '../../machines/guards.ts';
import type { Path } from '../expressions/path.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { mayHaveHappened } from '../../machines/undo-log.ts';
import { literalsOf } from './atoms.ts';
import { allPrograms, readingsOf } from './readings.ts';

export interface Failure {
  /** What tells it apart, as it follows `fails`: ` for good`; '' for the usual one. */
  readonly words: string;
  readonly error: ErrorData;
}

const plain: ErrorData = { name: 'Error', code: 'STEP_FAILED', message: 'it failed', retryable: true };
const lost: ErrorData = { ...plain, code: 'AGENT_UNREACHABLE' };

/** Codes of answered failures; one of them is named by nobody who tries again. */
const answered: readonly ErrorCode[] = ['STEP_FAILED', 'AGENT_ERROR', 'HANDLER_FAILED', 'TERMINAL', 'CONFLICT'];

/** Of the work of a step, or of what belongs to it: one of each kind; what stands first is the most common. */
export function failuresOf(program: Program, step: number): readonly Failure[] {
  const isTriedAgain = around(program, step).some(({ retry }) => (retry?.maxAttempts ?? 1) > 1);
  const worth = around(program, step).flatMap(({ retry }) => retry?.on ?? []);
  const [first = plain] = worth.map(errorNamed);
  const other: ErrorData = { ...plain, code: answered.find((code) => !worth.includes(code)) ?? 'TERMINAL' };
  const usual: readonly Failure[] = isTriedAgain
    ? [
        { words: '', error: first },
        { words: ' for good', error: { ...other, retryable: false } },
      ]
    : [{ words: '', error: { ...plain, retryable: false } }];
  const named = [...worth, ...literalsAsked(program)].map((each) => ({
    words: ` (${String(each)})`,
    error: errorNamed(each),
  }));
  const all: readonly Failure[] = [
    ...usual,
    { words: ' without an answer', error: lost },
    { words: ' for good, without an answer', error: { ...lost, retryable: false } },
    ...(isTriedAgain ? [{ words: ' as others do', error: other }] : []),
    ...named,
    ...named.map(({ words, error }) => ({ words: `${words} for good`, error: { ...error, retryable: false } })),
  ];
  const kinds = new Map<string, Failure>();
  for (const each of all) {
    const kind = kindOfFailure(program, step, each.error);
    if (!kinds.has(kind)) kinds.set(kind, each);
  }
  return [...kinds.values()];
}

/** Two failures of a step with the same text lead to the same. */
export function kindOfFailure(program: Program, step: number, error: ErrorData): string {
  const told =
    literalsOfErrors(program) !== null ? ` ${error.code} ${error.message} ${String(error.details?.['status'])}` : '';
  const taken = around(program, step).map(
    ({ index, retry }) =>
      `${retry !== null && isWorthAnother(retry, error) ? 'again' : ''}${mayHaveHappened(program, index, error) ? 'undo' : ''}`,
  );
  return `${taken.join('/')}${told}`;
}

/** The step and what is around it, innermost first. A round that fails is a failure of its own for the loop. */
function around(program: Program, step: number): readonly { readonly index: number; readonly retry: Retry }[] {
  const result: { index: number; retry: Retry }[] = [];
  for (let at: number | null = step; at !== null; at = stepInfo(program, at).parent)
    result.push({ index: at, retry: stepInfo(program, at).step.retry });
  return result;
}
type Retry = Program['steps'][number]['step']['retry'];

/** A code, a status, or what a message says. */
function errorNamed(name: unknown): ErrorData {
  const text = String(name);
  if (/^\d+$/.test(text)) return { ...plain, code: 'AGENT_ERROR', details: { status: Number(text) } };
  return isErrorCode(text) ? { ...plain, code: text } : { ...plain, message: text };
}

const asked = new WeakMap<Program, readonly unknown[] | null>();

/** What guards compare errors with; null when none asks what went wrong. */
function literalsOfErrors(program: Program): readonly unknown[] | null {
  const [top = program] = allPrograms(program);
  let known = asked.get(top);
  if (known === undefined) {
    const readings = readingsOf(top).filter(({ paths }) => paths.some(looksIntoError));
    known =
      readings.length === 0
        ? null
        : readings.flatMap(({ condition }) => (condition === null ? [] : literalsOf(condition.ast)));
    asked.set(top, known);
  }
  return known;
}

function literalsAsked(program: Program): readonly (string | number)[] {
  return (literalsOfErrors(program) ?? []).filter((each) => typeof each === 'string' || typeof each === 'number');
}

/** At what is in an error, not only at whether there is one. */
function looksIntoError({ segments: [root, name, field, below] }: Path): boolean {
  return root === 'workflow' ? name === 'error' && field !== undefined : field === 'error' && below !== undefined;
}
