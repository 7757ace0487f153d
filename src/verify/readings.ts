/**
 * What guards read, and where it comes from: every condition, switch value and `expr` of a program, by the step it belongs to, and
 * for each path the effects (or the input) whose answers it can be. Owns no values: see `candidates.ts`.
 */
import type { Condition } from '../expressions/condition.ts';
import { compileTemplate } from '../expressions/template.ts';
import type { Path } from '../expressions/path.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { Step, SwitchStep } from '../definition/definition.ts';
import { isPure } from '../../machines/purity.ts';
import { stepInfo, type Program } from '../../machines/program.ts';

/** One place where a guard looks at data. */
export interface Reading {
  readonly program: Program;
  /** Number of the step. */
  readonly step: number;
  readonly place: 'condition' | 'decide' | 'switch' | 'assign';
  /** Null of a switch. */
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
  const own = program.steps.flatMap(({ step, index }) => readingsOfStep(program, step, index));
  return [...own, ...[...program.bodies.values()].flatMap(readingsOf)];
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

/** Where the value at a path comes from; empty when the machine makes it itself (a status, a router's choice, an index). */
export function originsOf(program: Program, path: Path, seen: ReadonlySet<string> = new Set()): readonly Origin[] {
  const [root, name, ...rest] = path.segments;
  if (root === 'workflow' && name === 'input') return [{ step: null, key: rest.join('.'), segments: rest }];
  if (root === 'steps' && name !== undefined) {
    const index = program.byId.get(name);
    if (index !== undefined) return ofStep(program, index, rest);
    return program.loop === null ? [] : originsOf(program.loop.outer, path, seen);
  }
  if (root === 'vars' && name !== undefined) {
    const writers = program.vars.get(name);
    if (writers !== undefined) return writers.flatMap((index) => ofStep(program, index, ['output', ...rest]));
    return program.loop === null ? [] : originsOf(program.loop.outer, path, seen);
  }
  if (root === 'state' && name !== undefined) return ofState(program, name, rest, seen);
  return [];
}

function ofStep(program: Program, index: number, rest: readonly string[]): readonly Origin[] {
  const { step } = stepInfo(program, index);
  if (rest[0] !== 'output' && rest[0] !== 'metadata') return [];
  const byId = (id: string, below: readonly string[]): readonly Origin[] => {
    const inner = program.byId.get(id);
    return inner === undefined ? [] : ofStep(program, inner, below);
  };
  const recovery = step.onError.kind === 'recover' ? byId(step.onError.step.id, rest) : [];
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
      return [{ step, key: rest.join('.'), segments: rest }, ...recovery];
  }
}

/** What `assign` puts at a key of the state, where a single tag says so. */
function ofState(program: Program, key: string, rest: readonly string[], seen: ReadonlySet<string>): readonly Origin[] {
  if (seen.has(key)) return [];
  const within = new Set([...seen, key]);
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

/** The whole run's program, and those of its loops. */
export function allPrograms(program: Program): readonly Program[] {
  const top = outermost(program);
  const below = (each: Program): readonly Program[] => [each, ...[...each.bodies.values()].flatMap(below)];
  return below(top);
}

/** The whole run's program. */
export function outermost(program: Program): Program {
  return program.loop === null ? program : outermost(program.loop.outer);
}

/** The key of state at which a path looks; null for any other path. */
export function stateKeyOf(path: Path): string | null {
  return path.segments[0] === 'state' ? (path.segments[1] ?? '') : null;
}
