/**
 * What guards ask about errors: places in them (`code`, `details.status`, `message`), and for each place one value of every kind that
 * the conditions can tell apart. Owns no failures: see `failures.ts`.
 */
import { errorTable, isErrorCode, type ErrorData } from '../core/errors.ts';
import { readOwn, type Path } from '../expressions/path.ts';
import type { Program } from '../../machines/program.ts';
import { atomsOf, verdictText, type Atom } from './atoms.ts';
import { outermost } from './programs.ts';
import { readingsOf } from './readings.ts';
import { idsAround } from './state-writes.ts';
import { poolOf } from './values-to-try.ts';

export interface AskedPlace {
  readonly segments: readonly string[];
  /** What stands first is what failures have that nobody asks for. */
  readonly values: readonly unknown[];
  /** Equal for values that no condition tells apart. */
  signature(value: unknown): string;
}

/** The usual failure. */
export const usualError: ErrorData = { name: 'Error', code: 'STEP_FAILED', message: 'it failed', retryable: true };

/** Whether a path looks at what is in an error, not only at whether there is one. */
function looksIntoError({ segments: [root, name, field, below] }: Path): boolean {
  return root === 'workflow' ? name === 'error' && field !== undefined : field === 'error' && below !== undefined;
}

/** Whether a path is an error, or in one. */
export function isOfError({ segments: [root, name, field] }: Path): boolean {
  return root === 'workflow' ? name === 'error' : field === 'error';
}

interface Asking {
  /** Id of the step whose error it is; null: the run's. */
  readonly subject: string | null;
  readonly segments: readonly string[];
  readonly atom: Atom;
}

const places = new WeakMap<Program, Map<number | null, readonly AskedPlace[]>>();

/** What is asked of the error of a step, of what is around it, and of the run; of the run alone when it is null. */
export function askedOf(program: Program, step: number | null): readonly AskedPlace[] {
  const ofProgram = places.get(program) ?? new Map<number | null, readonly AskedPlace[]>();
  places.set(program, ofProgram);
  let asked = ofProgram.get(step);
  if (asked === undefined) {
    const ids = new Set<string | null>(step === null ? [null] : [null, ...idsAround(program, step)]);
    asked = placesIn(askingsOf(program).filter(({ subject }) => ids.has(subject)));
    ofProgram.set(step, asked);
  }
  return asked;
}

/** What the places say, as far as anybody asks. */
export function toldBy(asked: readonly AskedPlace[], error: ErrorData): string {
  return asked.map((place) => place.signature(readOwn(error, place.segments))).join('|');
}

const known = new WeakMap<Program, readonly Asking[]>();

function askingsOf(program: Program): readonly Asking[] {
  const top = outermost(program);
  let askings = known.get(top);
  if (askings === undefined) {
    askings = readingsOf(top)
      .flatMap(atomsOf)
      .flatMap((atom) => atom.paths.filter(looksIntoError).map((path) => asking(atom, path)));
    known.set(top, askings);
  }
  return askings;
}

function asking(atom: Atom, { segments }: Path): Asking {
  const isOfRun = segments[0] === 'workflow';
  return {
    subject: isOfRun ? null : (segments[1] ?? ''),
    segments: withinError(segments.slice(isOfRun ? 2 : 3)),
    atom,
  };
}

/** Of an error of several: as each of them says. */
function withinError(segments: readonly string[]): readonly string[] {
  const [first, second] = segments;
  if (first === 'cause' && second !== undefined) return withinError(segments.slice(1));
  return first === 'errors' && segments.length > 2 ? withinError(segments.slice(2)) : segments;
}

function placesIn(askings: readonly Asking[]): readonly AskedPlace[] {
  const names = new Map<string, Asking[]>();
  for (const each of askings) {
    const name = each.segments.join('.');
    names.set(name, [...(names.get(name) ?? []), each]);
  }
  return [...names.values()].map(placeOf);
}

function placeOf(askings: readonly Asking[]): AskedPlace {
  const segments = askings[0]?.segments ?? [];
  const atoms = [...new Set(askings.map(({ atom }) => atom))];
  const signature = (value: unknown): string => atoms.map((atom) => verdictText(atom, value)).join();
  const usual = readOwn(usualError, segments);
  const pool = [usual, ...poolOf({ step: null, key: segments.join('.'), segments }, atoms, null)];
  const values = new Map<string, unknown>();
  for (const value of segments[0] === 'code' ? [usual, ...Object.keys(errorTable)] : pool) {
    const kind = signature(value);
    if (mayStandAt(segments, value) && !values.has(kind)) values.set(kind, value);
  }
  return { segments, values: [...values.values()], signature };
}

/** What every error has is of its own type. */
function mayStandAt([name = '']: readonly string[], value: unknown): boolean {
  if (name === 'code') return typeof value === 'string' && isErrorCode(value);
  if (name === 'name' || name === 'message') return typeof value === 'string' && value !== '';
  if (name === 'retryable') return typeof value === 'boolean';
  return name !== 'retryAfterMs' || value === undefined || (typeof value === 'number' && value >= 0);
}
