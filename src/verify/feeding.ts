/**
 * What the engine computes on the way to a guard: the templates of transforms, of outputs in place of failures and of `assign`, by
 * which values reach what a guard reads. What they read makes a difference as what guards read themselves does.
 */
import type { Path } from '../expressions/path.ts';
import { isPure } from '../../machines/purity.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { partAt, pathsOfPart, templatesOf, type Part } from './parts.ts';
import { allPrograms } from './programs.ts';

/** A part of a template that gives what is read. */
export interface Feeder {
  readonly program: Program;
  /** Number of the step whose template it is. */
  readonly step: number;
  readonly part: Part;
  /** It is what `assign` puts into the state. */
  readonly isAssigned: boolean;
}

/** Of one path, where it is read; not of what the templates read in their turn. */
export function feedersOf(program: Program, { segments }: Path): readonly Feeder[] {
  const [root, name = '', ...rest] = segments;
  if (root === 'state') return ofState(program, name, rest);
  if (root !== 'steps' && root !== 'vars') return [];
  const index = root === 'steps' ? program.byId.get(name) : undefined;
  const writers = root === 'vars' ? program.vars.get(name) : index === undefined ? undefined : [index];
  if (writers === undefined)
    return program.loop === null ? [] : feedersOf(program.loop.outer, { source: '', segments });
  return writers.flatMap((each) => ofStep(program, each, root === 'vars' ? ['output', ...rest] : rest));
}

function ofStep(program: Program, index: number, rest: readonly string[]): readonly Feeder[] {
  if (rest[0] !== 'output') return [];
  const { step } = stepInfo(program, index);
  const byId = (id: string, below: readonly string[]): readonly Feeder[] => {
    const inner = program.byId.get(id);
    return inner === undefined ? [] : ofStep(program, inner, below);
  };
  return [
    ...templatesOf(step).map((template) => ({
      ...{ program, step: index, isAssigned: false },
      part: partAt(template, rest.slice(1)),
    })),
    ...(step.onError.kind === 'recover' ? byId(step.onError.step.id, rest) : []),
    ...(step.type === 'sequential' ? step.steps.flatMap((inner) => byId(inner.id, rest)) : []),
    ...(step.type === 'parallel' && rest[1] !== undefined ? byId(rest[1], ['output', ...rest.slice(2)]) : []),
  ];
}

function ofState(program: Program, key: string, rest: readonly string[]): readonly Feeder[] {
  return allPrograms(program).flatMap((each) =>
    each.steps.flatMap(({ step, index }) =>
      step.assign.flatMap((assign): readonly Feeder[] =>
        assign.key !== key || assign.kind === 'expr'
          ? []
          : [
              {
                ...{ program: each, step: index, isAssigned: true },
                part: partAt(assign.value, assign.kind === 'set' ? rest : []),
              },
            ],
      ),
    ),
  );
}

/** Longer paths are read by nobody who writes one: values that are put into each other without end. */
const maxSegments = 16;

/**
 * What is read at a path as it comes from the world or the machine, put together from such values, or not to be told; `opaque`: it
 * comes from state that cannot be known.
 */
export type Making = 'plain' | 'composite' | 'unknown' | 'opaque';

/** Whether what is read at a path was put together on the way, without what `assign` writes. `isOpaque`: of keys of the state. */
export function makingOf(program: Program, path: Path, isOpaque: (key: string) => boolean): Making {
  const seen = new Set<string>();
  let result: Exclude<Making, 'opaque'> = 'plain';
  const open: { readonly program: Program; readonly path: Path }[] = [{ program, path }];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    const { segments } = each.path;
    if (segments[0] === 'state' && isOpaque(segments[1] ?? '')) return 'opaque';
    if (segments[0] === 'state' || result === 'unknown') continue;
    if (segments.length > maxSegments) result = 'unknown';
    for (const { program: from, step, part } of feedersOf(each.program, each.path)) {
      if (part.kind === 'text') result = 'unknown';
      else if (part.kind === 'composite' && result === 'plain') result = 'composite';
      for (const inner of pathsOfPart(part)) {
        if (!isPure(from, inner)) result = 'unknown';
        const key = `${step} ${inner.source}`;
        if (seen.has(key)) continue;
        seen.add(key);
        open.push({ program: from, path: inner });
      }
    }
  }
  return result;
}

/** A path that is read, and the feeder on whose behalf. */
export interface Fed {
  readonly program: Program;
  readonly path: Path;
  /** Null: a guard reads it. */
  readonly by: { readonly feeder: Feeder; readonly before: Fed } | null;
}

/** Whether a feeder reads on behalf of itself, and deeper each time: what it puts there may have any depth. */
export function isEndless({ program, step, isAssigned }: Feeder, fed: Fed): boolean {
  for (let at: Fed = fed; at.by !== null; at = at.by.before) {
    const { feeder, before } = at.by;
    const isSame = feeder.program === program && feeder.step === step && feeder.isAssigned === isAssigned;
    if (isSame && fed.path.segments.length > before.path.segments.length) return true;
  }
  return false;
}
