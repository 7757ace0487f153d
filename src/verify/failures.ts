/**
 * Which failures have to be told apart: those after which something goes on otherwise. Whoever is around a failed step may try
 * again, may have to undo what nobody knows of, may be asked what went wrong; a failure is the same as another when all of them
 * take it the same.
 */
import { isErrorCode, type ErrorCode, type ErrorData } from '../core/errors.ts';
import { isWorthAnother } from '../../machines/guards.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { mayHaveHappened } from '../../machines/undo-log.ts';
import { askedOf, toldBy, usualError, type AskedPlace } from './errors-asked.ts';
import { put } from './put.ts';

export interface Failure {
  /** What tells it apart, as it follows `fails`: ` for good`; '' for the usual one. */
  readonly words: string;
  readonly error: ErrorData;
}

const lost: ErrorData = { ...usualError, code: 'AGENT_UNREACHABLE' };

/** Codes of answered failures; one of them is named by nobody who tries again. */
const answered: readonly ErrorCode[] = ['STEP_FAILED', 'AGENT_ERROR', 'HANDLER_FAILED', 'TERMINAL', 'CONFLICT'];

/** Of the work of a step, or of what belongs to it: one of each kind; what stands first is the most common. */
export function failuresOf(program: Program, step: number): readonly Failure[] {
  const isTriedAgain = around(program, step).some(({ retry }) => (retry?.maxAttempts ?? 1) > 1);
  const worth = around(program, step).flatMap(({ retry }) => retry?.on ?? []);
  const [first = usualError] = worth.map(errorNamed);
  const other: ErrorData = { ...usualError, code: answered.find((code) => !worth.includes(code)) ?? 'TERMINAL' };
  const usual: readonly Failure[] = isTriedAgain
    ? [
        { words: '', error: first },
        { words: ' for good', error: { ...other, retryable: false } },
      ]
    : [{ words: '', error: { ...usualError, retryable: false } }];
  const named = worth.map((each) => ({ words: ` (${each})`, error: errorNamed(each) }));
  const all: readonly Failure[] = [
    ...usual,
    { words: ' without an answer', error: lost },
    { words: ' for good, without an answer', error: { ...lost, retryable: false } },
    ...(isTriedAgain ? [{ words: ' as others do', error: other }] : []),
    ...named,
    ...named.map(({ words, error }) => ({ words: `${words} for good`, error: { ...error, retryable: false } })),
  ];
  const places = askedOf(program, step);
  const asked = all.flatMap((each) => asAsked(each, places));
  return ofEachKind([...all, ...asked], (error) => kindOfFailure(program, step, error));
}

/** Of a failure whose code is known: one of each kind that somebody asks for. @param step null: of the run */
export function variantsOf(error: ErrorData, program: Program, step: number | null): readonly Failure[] {
  const places = askedOf(program, step).filter(({ segments: [name] }) => name !== 'code' && name !== 'retryable');
  return ofEachKind(asAsked({ words: '', error }, places), (each) => toldBy(places, each));
}

/** Of what belongs to the run itself. */
export function failuresOfRun(program: Program): readonly Failure[] {
  const places = askedOf(program, null);
  return ofEachKind(asAsked({ words: '', error: { ...usualError, retryable: false } }, places), (each) =>
    toldBy(places, each),
  );
}

function ofEachKind(all: readonly Failure[], kindOf: (error: ErrorData) => string): readonly Failure[] {
  const kinds = new Map<string, Failure>();
  for (const each of all) {
    const kind = kindOf(each.error);
    if (!kinds.has(kind)) kinds.set(kind, each);
  }
  return [...kinds.values()];
}

/** A failure as it is, and with every combination of values at the places that somebody asks for. */
function asAsked(failure: Failure, places: readonly AskedPlace[]): readonly Failure[] {
  let all: readonly { readonly said: readonly string[]; readonly error: ErrorData }[] = [
    { said: [], error: failure.error },
  ];
  for (const { segments, values } of places)
    all = all.flatMap((each) => [
      each,
      ...values.slice(1).map((value) => ({
        said: [...each.said, wordsFor(segments, value)],
        error: put(each.error, segments, value) as ErrorData,
      })),
    ]);
  return all.map(({ said, error }) => ({
    words: said.length === 0 ? failure.words : ` (${said.join(', ')})${failure.words}`,
    error,
  }));
}

function wordsFor(segments: readonly string[], value: unknown): string {
  const name = segments.join('.');
  if (typeof value === 'string' && (name === 'code' || name === 'message')) return value;
  return name === 'details.status' && typeof value === 'number'
    ? String(value)
    : `${name}: ${JSON.stringify(value) ?? 'none'}`;
}

/** Two failures of a step with the same text lead to the same. */
export function kindOfFailure(program: Program, step: number, error: ErrorData): string {
  const taken = around(program, step).map(
    ({ index, retry }) =>
      `${retry !== null && isWorthAnother(retry, error) ? 'again' : ''}${mayHaveHappened(program, index, error) ? 'undo' : ''}`,
  );
  const told = toldBy(askedOf(program, step), error);
  return `${taken.join('/')}${told === '' ? '' : ` ${told}`}`;
}

/** The step and what is around it, innermost first. A round that fails is a failure of its own for the loop. */
function around(program: Program, step: number): readonly { readonly index: number; readonly retry: Retry }[] {
  const result: { index: number; retry: Retry }[] = [];
  for (let at: number | null = step; at !== null; at = stepInfo(program, at).parent)
    result.push({ index: at, retry: stepInfo(program, at).step.retry });
  return result;
}
type Retry = Program['steps'][number]['step']['retry'];

/** A code, or a status. */
function errorNamed(name: unknown): ErrorData {
  const text = String(name);
  if (/^\d+$/.test(text)) return { ...usualError, code: 'AGENT_ERROR', details: { status: Number(text) } };
  return isErrorCode(text) ? { ...usualError, code: text } : { ...usualError, message: text };
}
