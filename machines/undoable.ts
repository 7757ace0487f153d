/**
 * What of a program a failure of the run undoes: steps with `compensate`; items loops whose rounds hold such; child runs, which
 * undo themselves and are waited for. Owns finding them, once per program; what was done in a run is in `undo-log.ts`.
 */
import { expressionsOf } from '../src/definition/types/index.ts';
import type { Step, WorkflowDefinition } from '../src/definition/definition.ts';
import { namedSteps, type Program, type StepInfo, type Undoable } from './program.ts';
import { subtree } from './subtree.ts';

export function findUndoable(program: Program): ReadonlyMap<number, Undoable> {
  const found = new Map<number, Undoable>();
  if (!hasCompensations(program.definition)) return found;
  const afterFailure = new Set(program.onFailure.steps.flatMap((index) => subtree(program, index)));
  for (const info of program.steps) {
    const undoable = afterFailure.has(info.index) || info.isCompensation ? null : undoableOf(program, info);
    if (undoable !== null) found.set(info.index, undoable);
  }
  return found;
}

const known = new WeakMap<WorkflowDefinition, boolean>();

/** Anywhere in it. Workflows without have machines without any of this. */
function hasCompensations(definition: WorkflowDefinition): boolean {
  let has = known.get(definition);
  if (has === undefined) known.set(definition, (has = definition.steps.some(holdsCompensation)));
  return has;
}

function holdsCompensation(step: Step): boolean {
  if (step.compensate !== null) return true;
  if (step.onError.kind === 'recover' && holdsCompensation(step.onError.step)) return true;
  return 'steps' in step && step.steps.some(holdsCompensation);
}

function undoableOf(program: Program, info: StepInfo): Undoable | null {
  const { step, index } = info;
  if (step.type === 'loop' && step.mode === 'items') {
    const body = program.bodies.get(index);
    return body === undefined || body.undoable.size === 0 ? null : { by: 'runs', compensation: null, reads: [] };
  }
  const compensation = step.compensate === null ? null : (program.byId.get(step.compensate.id) ?? null);
  const reads = compensation === null ? [] : readsOf(program, info, program.steps[compensation] as StepInfo);
  // A child that this run does not end goes on by itself.
  if (step.type === 'workflow' && step.mode === 'wait' && step.onParentClose === 'cancel')
    return { by: 'runs', compensation, reads };
  return compensation === null ? null : { by: 'step', compensation, reads };
}

/** Of the steps that are visited again together with it, those that its compensation can read; itself first. */
function readsOf(program: Program, info: StepInfo, compensation: StepInfo): readonly number[] {
  const again = visitedAgain(program, info);
  if (again.length === 0) return [];
  const named = runsCode(compensation) ? null : namedIn(program, compensation.step);
  const loops = new Set(info.loops);
  return again.filter((index) => index === info.index || loops.has(index) || named === null || named.has(index));
}

/** The widest stretch around a step that can be visited again within the run: by a jump back, a loop, another attempt. */
function visitedAgain(program: Program, info: StepInfo): readonly number[] {
  let widest: readonly number[] = [];
  for (let at: StepInfo | undefined = info; at !== undefined;) {
    const siblings: readonly number[] = at.sequence?.steps ?? [];
    if (siblings.some((index) => jumpsBack(program, index)))
      widest = siblings.flatMap((index) => subtree(program, index));
    const parent: StepInfo | undefined = at.parent === null ? undefined : program.steps[at.parent];
    if (parent !== undefined && repeats(parent.step)) widest = subtree(program, parent.index);
    at = parent;
  }
  return widest;
}

function jumpsBack(program: Program, index: number): boolean {
  const info = program.steps[index];
  return info !== undefined && namedSteps(info.step).some((id) => (program.byId.get(id) ?? index + 1) <= index);
}

function repeats(step: Step): boolean {
  return (step.type === 'loop' && step.mode !== 'items') || (step.retry?.maxAttempts ?? 1) > 1;
}

/** Functions can read any step. */
function runsCode({ step, handlers }: StepInfo): boolean {
  if (step.type === 'custom' || handlers.start.length + handlers.complete.length + handlers.error.length > 0)
    return true;
  if (step.type === 'transform' && step.transform !== null) return true;
  const values = [step.condition, 'input' in step ? step.input : null, 'body' in step ? step.body : null];
  return values.some((value) => value?.kind === 'function');
}

function namedIn(program: Program, step: Step): ReadonlySet<number> {
  const paths = expressionsOf(step).flatMap(({ compiled }) => compiled.paths);
  const indexes = paths.flatMap(({ segments: [root, name = ''] }) => {
    if (root === 'vars') return program.vars.get(name) ?? [];
    const index = root === 'steps' ? program.byId.get(name) : undefined;
    return index === undefined ? [] : [index];
  });
  return new Set(indexes);
}
