/** Makes the program of a definition: numbers its steps, and finds what guards read and what can be undone. */
import type { Step, StepHandlers, UserFunction, WorkflowDefinition } from '../src/definition/definition.ts';
import type { Path } from '../src/expressions/path.ts';
import { namedSteps, stepInfo, type Program, type SequenceInfo, type StepInfo, type Undoable } from './program.ts';
import { findUndoable } from './undoable.ts';

interface InnerSteps {
  readonly steps: readonly Step[];
  /** Else each stands on its own. */
  readonly isSequence: boolean;
  readonly isCompensation?: true;
}

/** The steps directly inside a step that belong to the same run. */
function innerSteps(step: Step): readonly InnerSteps[] {
  const recovery: readonly InnerSteps[] = [
    ...(step.onError.kind === 'recover' ? [{ steps: [step.onError.step], isSequence: false }] : []),
    ...(step.compensate === null
      ? []
      : [{ steps: [step.compensate], isSequence: false, isCompensation: true as const }]),
  ];
  switch (step.type) {
    case 'sequential':
      return [{ steps: step.steps, isSequence: true }, ...recovery];
    case 'parallel':
      return [{ steps: step.steps, isSequence: false }, ...recovery];
    case 'loop':
      return step.mode === 'items' ? recovery : [{ steps: step.steps, isSequence: true }, ...recovery];
    case 'wait':
      return step.poll === null ? recovery : [{ steps: [step.poll], isSequence: false }, ...recovery];
    default:
      return recovery;
  }
}

export function createProgram(definition: WorkflowDefinition): Program {
  const program = new ProgramMaker(definition, null).make(definition.steps, definition.onFailure);
  collectKept(program);
  return program;
}

class ProgramMaker {
  readonly #definition: WorkflowDefinition;
  readonly #loop: Program['loop'];
  readonly #steps: StepInfo[] = [];
  readonly #byId = new Map<string, number>();
  readonly #vars = new Map<string, number[]>();
  readonly #loopSteps: number[] = [];

  constructor(definition: WorkflowDefinition, loop: Program['loop']) {
    this.#definition = definition;
    this.#loop = loop;
  }

  make(steps: readonly Step[], onFailure: readonly Step[]): Program {
    const main = this.#addSequence(steps, null, []);
    const failure = this.#addSequence(onFailure, null, []);
    const bodies = new Map<number, Program>();
    const undoable = new Map<number, Undoable>();
    const program: Program = {
      definition: this.#definition,
      loop: this.#loop,
      steps: this.#steps,
      byId: this.#byId,
      vars: this.#vars,
      main,
      onFailure: failure,
      bodies,
      undoable,
      keptInput: new Map(),
    };
    for (const index of this.#loopSteps) {
      const { step } = stepInfo(program, index);
      if (step.type !== 'loop') continue;
      bodies.set(index, new ProgramMaker(this.#definition, { outer: program, step }).make(step.steps, []));
    }
    for (const [index, each] of findUndoable(program)) undoable.set(index, each);
    return program;
  }

  #addSequence(steps: readonly Step[], parent: number | null, loops: readonly number[]): SequenceInfo {
    const sequence: { steps: number[] } = { steps: [] };
    const branches = branchIds(steps);
    for (const step of steps) sequence.steps.push(this.#add(step, parent, loops, sequence, branches.has(step.id)));
    return sequence;
  }

  #add(
    step: Step,
    parent: number | null,
    loops: readonly number[],
    sequence: SequenceInfo | null,
    isBranch: boolean,
    isCompensation = false,
  ): number {
    const index = this.#steps.length;
    const handlers = handlersOf(this.#definition, step.id);
    this.#steps.push({ index, step, parent, loops, sequence, isBranch, handlers, isCompensation, kept: new Map() });
    this.#byId.set(step.id, index);
    if (step.output !== null) this.#vars.set(step.output, [...(this.#vars.get(step.output) ?? []), index]);
    const isInlineLoop = step.type === 'loop' && step.mode !== 'items';
    if (step.type === 'loop' && step.mode === 'items') this.#loopSteps.push(index);
    for (const inner of innerSteps(step)) {
      const innerLoops = isInlineLoop && inner.isSequence ? [index, ...loops] : loops;
      if (inner.isSequence) this.#addSequence(inner.steps, index, innerLoops);
      else for (const each of inner.steps) this.#add(each, index, innerLoops, null, false, inner.isCompensation);
    }
    return index;
  }
}

/** Steps of a sequence that an earlier step of it names. */
function branchIds(steps: readonly Step[]): ReadonlySet<string> {
  const branches = new Set<string>();
  const seen = new Set<string>();
  for (const step of steps) {
    seen.add(step.id);
    for (const id of namedSteps(step)) if (!seen.has(id)) branches.add(id);
  }
  return branches;
}

function handlersOf(definition: WorkflowDefinition, id: string): StepHandlers {
  const of = (event: keyof StepHandlers): readonly UserFunction[] =>
    definition.stepHandlers
      .filter((each) => each.event === event && matchesPattern(each.pattern, id))
      .map((each) => each.call);
  return { start: of('start'), complete: of('complete'), error: of('error') };
}

/** `'*'` is every step, `'prefix*'` all that begin so, else the id itself. */
function matchesPattern(pattern: string, id: string): boolean {
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : pattern === id;
}

/** What the guards of a step read. */
function guardPaths(step: Step): readonly Path[] {
  const paths: Path[] = [];
  if (step.condition?.kind === 'expression') paths.push(...step.condition.condition.paths);
  for (const assign of step.assign) if (assign.kind === 'expr') paths.push(...assign.condition.paths);
  if (step.type === 'conditional' && step.decide.kind === 'expression') paths.push(...step.decide.condition.paths);
  if (step.type === 'switch' && step.value.kind === 'template') paths.push(...step.value.template.paths);
  if (step.type === 'wait' && step.while?.kind === 'expression') paths.push(...step.while.condition.paths);
  if (step.type === 'loop' && step.decide?.kind === 'expression') paths.push(...step.decide.condition.paths);
  if (step.type === 'signal' && step.match !== null) paths.push(...step.match.paths);
  return paths;
}

function collectKept(program: Program): void {
  for (const { step, kept } of program.steps) {
    for (const path of guardPaths(step)) keep(program, path);
    // What an effect gives for it is compared with its cases.
    if (step.type === 'switch') kept.set('output', ['output']);
  }
  for (const body of program.bodies.values()) collectKept(body);
}

/** Marks the value at a path as one that guards read, where the path's root lives. */
function keep(program: Program, path: Path): void {
  const [root, name, ...rest] = path.segments;
  if (root === 'workflow' && name === 'input') {
    outermost(program).keptInput.set(rest.join('.'), rest);
  } else if (root === 'steps' && name !== undefined) {
    const index = program.byId.get(name);
    if (index !== undefined) keepStep(program, index, rest);
    else if (program.loop !== null) keep(program.loop.outer, path);
  } else if (root === 'vars' && name !== undefined) {
    const writers = program.vars.get(name);
    if (writers !== undefined) for (const index of writers) keepStep(program, index, ['output', ...rest]);
    else if (program.loop !== null) keep(program.loop.outer, path);
  }
}

function outermost(program: Program): Program {
  return program.loop === null ? program : outermost(program.loop.outer);
}

/** Composed outputs take what they keep from the steps they are composed of. */
function keepStep(program: Program, index: number, rest: readonly string[]): void {
  const { step, kept } = stepInfo(program, index);
  if (rest[0] !== 'output' && rest[0] !== 'metadata') return;
  if (kept.has(rest.join('.'))) return;
  kept.set(rest.join('.'), rest);
  if (step.onError.kind === 'recover') keepById(program, step.onError.step.id, rest);
  if (step.type === 'sequential') for (const inner of step.steps) keepById(program, inner.id, rest);
  if (step.type === 'parallel' && rest[0] === 'output' && rest[1] !== undefined)
    keepById(program, rest[1], ['output', ...rest.slice(2)]);
}

function keepById(program: Program, id: string, rest: readonly string[]): void {
  const index = program.byId.get(id);
  if (index !== undefined) keepStep(program, index, rest);
}
