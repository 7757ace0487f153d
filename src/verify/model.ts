/**
 * A workflow as it is explored: the machine that the engine runs, compiled from the same definition with its bounds brought down
 * to what matters (a fourth attempt is no other than a third), and with conditions that no data decides left to choice.
 */
import { createKernel, type Kernel } from '../core/advance.ts';
import type { Step, WorkflowDefinition } from '../definition/definition.ts';
import { compileWorkflow, type CompiledWorkflow } from '../../machines/workflow.ts';
import { kernelOf } from '../../machines/kernel-of.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { keptOfValue } from '../../machines/record.ts';
import { boundedDefinition } from './bounds.ts';
import { Candidates } from './candidates.ts';
import { Computed } from './computed.ts';
import { countsOf } from './counting.ts';
import { Desk } from './desk.ts';
import type { Source } from './bindings.ts';
import { freeCondition, freeValue, unknownValue } from './free-choice.ts';
import { opaqueOf, type Opaque } from './opaque.ts';
import { outermost } from './programs.ts';
import { readingsOf, type Origin } from './readings.ts';
import { takersOf, takesItself } from './signals.ts';
import { assignsOf } from './state-writes.ts';

export interface Model {
  /** As it was written. */
  readonly definition: WorkflowDefinition;
  readonly compiled: CompiledWorkflow;
  readonly program: Program;
  readonly candidates: Candidates;
  readonly desk: Desk;
  readonly opaque: Opaque;
  /** Of the run or of the rounds of a loop. */
  kernelOf(compiled: CompiledWorkflow): Kernel;
  /** Loops that count: their limit was cut to {@link maxCountedRounds}. */
  readonly cutLoops: ReadonlySet<string>;
}

/** In place of an output: what guards read of it is open. */
export const unknownOutput: Readonly<Record<string, never>> = Object.freeze({});

export function createModel(definition: WorkflowDefinition): Model {
  const original = compileWorkflow(definition).program;
  const candidates = new Candidates(original);
  const desk = new Desk({
    candidates: (origin) => candidates.of(origin),
    signature: (origin, value) => candidates.signatureOf(origin, value),
  });
  const opaque = opaqueOf(original);
  const cutLoops = new Set<string>();
  const reduced = boundedDefinition(definition, {
    decision: (given) => {
      const freedom = given?.kind === 'expression' ? candidates.freedomOf(given.condition) : null;
      if (given?.kind !== 'expression' || freedom === null) return given;
      return { ...given, condition: freeCondition(given.condition, desk, freedom) };
    },
    switched: (step) => {
      const freedom = step.value.kind === 'template' ? candidates.freedomOf(step.value.template) : null;
      if (step.value.kind !== 'template' || freedom === null) return step.value;
      return { kind: 'template', template: freeValue(step.value.template, step, desk, freedom) };
    },
    assigned: (assign) => (opaque.assigns.has(assign) ? unknownValue(assign.condition, desk) : assign.condition),
    match: takesItself,
    onCut: (loop) => cutLoops.add(loop),
  });
  const compiled = compileWorkflow(reduced);
  keepAssigned(compiled.program);
  const kernels = new Map<CompiledWorkflow, Kernel>();
  return {
    definition,
    compiled,
    program: compiled.program,
    candidates,
    desk,
    opaque,
    cutLoops,
    kernelOf: (each) => {
      const known = kernels.get(each);
      if (known !== undefined) return known;
      const made = createKernel(each.machine, {
        ...keeping(each.program, desk),
        restore: (text, seq, outer) => kernelOf(each).restore(text, seq, outer),
      });
      kernels.set(each, made);
      return made;
    },
  };
}

function computedValues(
  paths: ReadonlyMap<string, readonly string[]>,
  output: Computed,
): Readonly<Record<string, unknown>> {
  const values = [...paths].map(([key, [root, ...below]]) => [key, root === 'output' ? output.read(below) : undefined]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Readonly<Record<string, unknown>>;
}

/** What `assign` puts into a key of state that guards read is kept as well, so that it can be put there. */
function keepAssigned(program: Program): void {
  const { relevant } = countsOf(program);
  for (const { program: from, assign } of assignsOf(program)) {
    if (assign.kind === 'expr' || !relevant.has(assign.key)) continue;
    for (const path of assign.value.paths) keepPath(from, path.segments);
  }
  for (const { program: from, place, paths } of readingsOf(program))
    if (place === 'template') for (const path of paths) keepPath(from, path.segments);
}

function keepPath(program: Program, segments: readonly string[]): void {
  const [root, name = '', ...rest] = segments;
  if (root === 'workflow' && name === 'input') outermost(program).keptInput.set(rest.join('.'), rest);
  const index = root === 'steps' ? program.byId.get(name) : undefined;
  const indexes = root === 'vars' ? program.vars.get(name) : index === undefined ? undefined : [index];
  if (indexes === undefined && program.loop !== null) keepPath(program.loop.outer, segments);
  for (const each of indexes ?? []) keepOf(program, each, root === 'vars' ? ['output', ...rest] : rest);
}

function keepOf(program: Program, index: number, path: readonly string[]): void {
  const { step, kept } = stepInfo(program, index);
  kept.set(path.join('.'), path);
  if (step.type === 'sequential') for (const inner of step.steps) keepPath(program, ['steps', inner.id, ...path]);
  if (step.type === 'parallel' && path[0] === 'output' && path[1] !== undefined)
    keepPath(program, ['steps', path[1], 'output', ...path.slice(2)]);
  if (step.onError.kind === 'recover') keepPath(program, ['steps', step.onError.step.id, ...path]);
}

function keeping(program: Program, desk: Desk): Pick<Kernel, 'keep' | 'keepSignal' | 'keepInput'> {
  const openValues = (step: Step | null, paths: ReadonlyMap<string, readonly string[]>): Record<string, unknown> => {
    const source: Source = desk.newSource();
    const origins = [...paths].map(([key, segments]): Origin => ({ step, key, segments }));
    return Object.fromEntries(origins.map((origin) => [origin.key, desk.undecided(source, origin, origins)]));
  };
  return {
    keep: (effect, output, metadata) => {
      const info = program.steps[program.byId.get(effect.split('.')[0] ?? '') ?? -1];
      if (info === undefined || info.kept.size === 0) return undefined;
      if (output === unknownOutput) return openValues(info.step, info.kept);
      return output instanceof Computed
        ? computedValues(info.kept, output)
        : keptOfValue(info.kept, { output, metadata });
    },
    keepSignal: (name, payload) => {
      const takers = takersOf(program, name, payload);
      const values = takers.flatMap(({ step, kept }) => Object.entries(openValues(step, kept)));
      return values.length === 0 ? undefined : Object.fromEntries(values);
    },
    keepInput: () =>
      program.loop !== null || program.keptInput.size === 0 ? undefined : openValues(null, program.keptInput),
  };
}
