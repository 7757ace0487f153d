/**
 * Keys of the state whose values cannot be known: written by handlers, or from values of which only what conditions ask for is
 * known. A condition over them is decided by choice, and its verdict holds until one of them may have been written again.
 */
import type { Assign } from '../definition/definition.ts';
import { isPure } from '../../machines/purity.ts';
import type { Program } from '../../machines/program.ts';
import type { Path } from '../expressions/path.ts';
import { isOfError } from './errors-asked.ts';
import { makingOf } from './feeding.ts';
import type { Move } from './move.ts';
import { allPrograms } from './programs.ts';
import { endlessKeys, originsOf, stateKeyOf } from './readings.ts';
import { assignsOf, idsAround, pathsOf, type WrittenKey } from './state-writes.ts';
import { isTagAlone } from './templates.ts';

export interface Opaque {
  /** `'all'`: handlers may write any key. */
  readonly keys: ReadonlySet<string> | 'all';
  /** What writes them. */
  readonly assigns: ReadonlySet<Assign>;
  /** Steps with which an opaque key may be written. */
  readonly writers: ReadonlySet<string>;
}

export function opaqueOf(program: Program): Opaque {
  const { stepHandlers, workflowHandlers } = program.definition;
  const hasHandlers = stepHandlers.length + workflowHandlers.start.length > 0;
  const unknown = unknownWrites(program);
  const inside = new Set(unknown.map(({ program: own, step }) => own.steps[step]?.step.id ?? ''));
  const around = new Set(unknown.flatMap(({ program: own, step }) => idsAround(own, step)));
  const writers = allPrograms(program).flatMap((own) =>
    own.steps
      .filter(({ index, step }) => {
        const isWritten = idsAround(own, index).some((id) => inside.has(id));
        return isWritten || (step.type === 'loop' && (hasHandlers || around.has(step.id)));
      })
      .map(({ step }) => step.id),
  );
  return {
    keys: hasHandlers ? 'all' : new Set(unknown.map(({ assign }) => assign.key)),
    assigns: new Set((hasHandlers ? assignsOf(program) : unknown).map(({ assign }) => assign)),
    writers: new Set(writers),
  };
}

/** What is made of what is not known is not known either. */
function unknownWrites(program: Program): readonly WrittenKey[] {
  const all = assignsOf(program);
  const endless = endlessKeys(program);
  let unknown: readonly WrittenKey[] = [];
  for (let known = -1; known !== unknown.length;) {
    known = unknown.length;
    const keys = new Set([...endless, ...unknown.map(({ assign }) => assign.key)]);
    unknown = all.filter(
      ({ program: own, assign }) =>
        endless.has(assign.key) ||
        !isTransparent(own, assign, keys) ||
        pathsOf(assign).some((path) => keys.has(stateKeyOf(path) ?? '')),
    );
  }
  return unknown;
}

/** What is written is known as well as what it is written from. */
function isTransparent(program: Program, assign: Assign, opaque: ReadonlySet<string>): boolean {
  // Of an error only as much is known as conditions ask for.
  if (pathsOf(assign).some(isOfError)) return false;
  if (assign.kind === 'expr')
    return assign.condition.paths.every(
      (path) => isKnown(program, path, opaque) && originsOf(program, path).length === 0,
    );
  const { value } = assign;
  if (value.constant) return true;
  return assign.kind === 'set' && isTagAlone(value) && value.paths.every((path) => isKnown(program, path, opaque));
}

function isKnown(program: Program, path: Path, opaque: ReadonlySet<string>): boolean {
  return isPure(program, path) && makingOf(program, path, (key) => opaque.has(key)) === 'plain';
}

/** Whether a move may write what cannot be known. */
export function mayWriteOpaque({ keys, writers }: Opaque, { kind, step, about }: Move): boolean {
  // Each round begins with the state as it was for the first.
  if (kind === 'round') return true;
  if (keys === 'all' && /\.(?:start|complete|error)$/.test(about)) return true;
  return step !== null && writers.has(step);
}
