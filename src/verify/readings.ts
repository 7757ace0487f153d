/**
 * What guards read, and where it comes from: every condition, switch value and `expr` of a program, by the step it belongs to, and
 * for each path the effects (or the input) whose answers it can be. Owns no values: see `candidates.ts`.
 */
import type { Condition } from '../expressions/condition.ts';
import { compileTemplate } from '../expressions/template.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { Path } from '../expressions/path.ts';
import type { Step, SwitchStep } from '../definition/definition.ts';
import { isPure } from '../../machines/purity.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { feedersOf, isEndless, type Fed } from './feeding.ts';
import { partAt, pathsOfPart } from './parts.ts';
import { allPrograms, outermost, programsBelow } from './programs.ts';

/** One place where a guard looks at data. */
export interface Reading {
  readonly program: Program;
  /** Number of the step. */
  readonly step: number;
  readonly place: 'condition' | 'decide' | 'switch' | 'assign' | 'template';
  /** Null of a switch, and of a template by which values reach guards. */
  readonly condition: Condition | null;
  readonly paths: readonly Path[];
  /** The keys of a switch's cases. */
  readonly keys: readonly string[];
}

/** A value from outside: of a step's answer (`output.score`, `metadata.model`), or of the run's input. */
export interface Origin {
  /** Null: the input. */
  readonly step: Step | null;
  /** As the machine keeps it: `output.score`; of the input `topic.title`. */
  readonly key: string;
  readonly segments: readonly string[];
}

export function originName(origin: Origin): string {
  return origin.step === null ? `input:${origin.key}` : `${origin.step.id}:${origin.key}`;
}

/** Of a program and of the bodies of its items loops. */
export function readingsOf(program: Program): readonly Reading[] {
  const within = new Set(programsBelow(program));
  return [
    ...guardReadings(program),
    ...templatesIn(outermost(program)).readings.filter((each) => within.has(each.program)),
  ];
}

function guardReadings(program: Program): readonly Reading[] {
  return programsBelow(program).flatMap((each) =>
    each.steps.flatMap(({ step, index }) => readingsOfStep(each, step, index)),
  );
}

interface Templates {
  readonly readings: readonly Reading[];
  readonly endless: ReadonlySet<string>;
}

const known = new WeakMap<Program, Templates>();

/** Keys of the state into which values are put that may be made of themselves, deeper each time. */
export function endlessKeys(program: Program): ReadonlySet<string> {
  return templatesIn(outermost(program)).endless;
}

/** The templates of a whole run by which values reach what guards read. */
function templatesIn(top: Program): Templates {
  const before = known.get(top);
  if (before !== undefined) return before;
  const readings: Reading[] = [];
  const endless = new Set<string>();
  const seen = new Map<Program, Set<string>>();
  const open: Fed[] = guardReadings(top).flatMap(({ program, paths }) =>
    paths.map((path): Fed => ({ program, path, by: null })),
  );
  for (let fed = open.pop(); fed !== undefined; fed = open.pop()) {
    for (const feeder of feedersOf(fed.program, fed.path)) {
      if (isEndless(feeder, fed)) {
        for (const key of keysOnTheWay(fed)) endless.add(key);
        continue;
      }
      const { program, step, isAssigned } = feeder;
      const keys = seen.get(program) ?? new Set();
      seen.set(program, keys);
      const paths = pathsOfPart(feeder.part).filter((path) => {
        const key = `${step} ${path.source}`;
        return isPure(program, path) && !keys.has(key) && keys.add(key);
      });
      // What `assign` reads is looked at where the state is: see `live-facts.ts`, `branch-facts.ts`.
      if (!isAssigned && paths.length > 0)
        readings.push({ program, step, place: 'template', condition: null, paths, keys: [] });
      for (const path of paths) open.push({ program, path, by: { feeder, before: fed } });
    }
  }
  const made = { readings, endless };
  known.set(top, made);
  return made;
}

function keysOnTheWay(fed: Fed): readonly string[] {
  const keys: (string | null)[] = [];
  for (let at: Fed | undefined = fed; at !== undefined; at = at.by?.before) keys.push(stateKeyOf(at.path));
  return keys.filter((key) => key !== null);
}

function readingsOfStep(program: Program, step: Step, index: number): readonly Reading[] {
  const result: Reading[] = [];
  const add = (place: Reading['place'], condition: Condition | null): void => {
    if (condition === null) return;
    // A condition over what is not kept is decided by an effect: its verdict is the effect's answer.
    if (!condition.paths.every((path) => isPure(program, path))) return;
    result.push({ program, step: index, place, condition, paths: condition.paths, keys: [] });
  };
  if (step.condition?.kind === 'expression') add('condition', step.condition.condition);
  if ((step.type === 'conditional' || step.type === 'loop') && step.decide?.kind === 'expression')
    add('decide', step.decide.condition);
  if (step.type === 'wait' && step.while?.kind === 'expression') add('decide', step.while.condition);
  if (step.type === 'switch') {
    const reading = switchReading(program, step, index);
    if (reading !== null) result.push(reading);
  }
  for (const assign of step.assign) if (assign.kind === 'expr') add('assign', assign.condition);
  return result;
}

/** The condition, or the value of the switch, that decides. */
export function decidedBy({ program, step, place, condition }: Reading): Condition | ValueTemplate | null {
  return place === 'switch' ? switchedBy(program, step) : condition;
}

/** The value of a switch. */
export function switchedBy(program: Program, index: number): ValueTemplate | null {
  const { step } = stepInfo(program, index);
  return step.type === 'switch' && step.value.kind === 'template' ? step.value.template : null;
}

function switchReading(program: Program, step: SwitchStep, index: number): Reading | null {
  const paths = switchedBy(program, index)?.paths;
  if (paths === undefined || !paths.every((path) => isPure(program, path))) return null;
  return { program, step: index, place: 'switch', condition: null, paths, keys: step.cases.map(({ key }) => key) };
}

/** Values that are put into each other without end are looked for no deeper. */
const maxDepth = 16;

/** Where the value at a path comes from; empty when the machine makes it itself (a status, a router's choice, an index). */
export function originsOf(program: Program, path: Path, seen: ReadonlySet<string> = new Set()): readonly Origin[] {
  const [root, name, ...rest] = path.segments;
  if (root === 'workflow' && name === 'input') return [{ step: null, key: rest.join('.'), segments: rest }];
  if (root === 'steps' && name !== undefined) {
    const index = program.byId.get(name);
    if (index !== undefined) return ofStep(program, index, rest, seen);
    return program.loop === null ? [] : originsOf(program.loop.outer, path, seen);
  }
  if (root === 'vars' && name !== undefined) {
    const writers = program.vars.get(name);
    if (writers !== undefined) return writers.flatMap((index) => ofStep(program, index, ['output', ...rest], seen));
    return program.loop === null ? [] : originsOf(program.loop.outer, path, seen);
  }
  if (root === 'state' && name !== undefined) return ofState(program, name, rest, seen);
  return [];
}

function ofStep(
  program: Program,
  index: number,
  rest: readonly string[],
  before: ReadonlySet<string>,
): readonly Origin[] {
  const { step, handlers } = stepInfo(program, index);
  const place = `${step.id}.${rest.join('.')}`;
  if ((rest[0] !== 'output' && rest[0] !== 'metadata') || before.has(place) || rest.length > maxDepth) return [];
  const seen = new Set([...before, place]);
  const byId = (id: string, below: readonly string[]): readonly Origin[] => {
    const inner = program.byId.get(id);
    return inner === undefined ? [] : ofStep(program, inner, below, seen);
  };
  const computed = (template: ValueTemplate): readonly Origin[] => {
    const part = rest[0] === 'output' ? partAt(template, rest.slice(1)) : null;
    return part?.kind === 'path' ? originsOf(program, part.path, seen) : [];
  };
  const own: Origin = { step, key: rest.join('.'), segments: rest };
  const recovery = [
    ...(step.onError.kind === 'recover' ? byId(step.onError.step.id, rest) : []),
    ...(step.onError.kind === 'output' ? computed(step.onError.value) : []),
  ];
  if (step.type === 'transform' && step.template !== null)
    // A handler mends it with what it likes.
    return [...computed(step.template), ...(handlers.error.length > 0 ? [own] : []), ...recovery];
  switch (step.type) {
    case 'conditional':
    case 'switch':
    case 'loop':
    case 'wait':
      return recovery;
    case 'sequential':
      return [...step.steps.flatMap((inner) => byId(inner.id, rest)), ...recovery];
    case 'parallel':
      return [...(rest[1] === undefined ? [] : byId(rest[1], ['output', ...rest.slice(2)])), ...recovery];
    default:
      return [own, ...recovery];
  }
}

/** What `assign` puts at a key of the state, where a single tag says so. */
function ofState(program: Program, key: string, rest: readonly string[], seen: ReadonlySet<string>): readonly Origin[] {
  if (seen.has(`state.${key}`)) return [];
  const within = new Set([...seen, `state.${key}`]);
  return allPrograms(program).flatMap((each) =>
    each.steps.flatMap(({ step }) =>
      step.assign.flatMap((assign) => {
        if (assign.key !== key || assign.kind !== 'set') return [];
        const { source } = assign.value;
        const template = typeof source === 'string' ? compileTemplate(source) : null;
        const [only] = template?.paths ?? [];
        if (template?.kind !== 'value' || only === undefined) return [];
        const below = { source: [only.source, ...rest].join('.'), segments: [...only.segments, ...rest] };
        return originsOf(each, below, within);
      }),
    ),
  );
}

/** The key of state at which a path looks; null for any other path. */
export function stateKeyOf(path: Path): string | null {
  return path.segments[0] === 'state' ? (path.segments[1] ?? '') : null;
}
