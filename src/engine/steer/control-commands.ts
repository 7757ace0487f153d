/** What people do to the course of a run, as commands, and what of them is allowed where. Made into states by `rebase.ts`. */
import { statusOf, type RunState } from '../../core/advance.ts';
import { InputError, WorkflowError } from '../../core/errors.ts';
import { isPlainObject } from '../../core/json.ts';
import { endedStatuses } from '../../core/run.ts';
import type { StoredValue } from '../../core/stored-value.ts';
import type { CompiledWorkflow } from '../../../machines/compiled-workflow.ts';
import type { RunContext } from '../../../machines/context.ts';
import type { Intervention } from '../../../machines/control-run.ts';
import { stepInfo, type Program } from '../../../machines/program.ts';
import { keptOfValue, recordOf } from '../../../machines/record.ts';
import { ancestorsOf, renewedFrom } from '../../../machines/renew.ts';
import { hasPassed, standingOf, stoppedInside } from '../../../machines/standing.ts';
import { formOf, type Reason } from './commands.ts';
import { stepOf } from './find-step.ts';
import { checkNotUndone } from './undone.ts';

export type ControlCommand = Reason &
  (
    | { readonly kind: 'retry' }
    | { readonly kind: 'rerun'; readonly step: string }
    | { readonly kind: 'skip'; readonly step: string }
    | { readonly kind: 'complete'; readonly step: string; readonly output: unknown }
    | { readonly kind: 'edit'; readonly state?: Readonly<Record<string, unknown>>; readonly outputs?: Outputs }
  );

/** Outputs by step id. */
export type Outputs = Readonly<Record<string, unknown>>;

/** The run on which somebody intervenes. */
export interface Subject {
  readonly id: string;
  readonly compiled: CompiledWorkflow;
  readonly state: RunState;
}

/** What the history tells beyond the state. */
export interface Past {
  /** Whether there are runs that a step is made of: rounds, a child. */
  hasRuns(step: number): boolean;
  /** The run's context as it was when the latest visit of a step began; null when that is not to be found. */
  contextAt(step: number): RunContext | null;
}

/** What is to be done, the steps that it is about, and values that the state will refer to. */
export interface Planned {
  readonly intervention: Intervention;
  readonly steps: readonly string[];
  readonly values?: Outputs;
}

/** @throws WorkflowError NOT_FOUND (no such step), CONFLICT (not now); InputError for an output that does not fit */
export function planned(subject: Subject, command: ControlCommand, past: Past, seq: number): Planned {
  switch (command.kind) {
    case 'retry':
      return retried(subject, past);
    case 'rerun':
      return rerun(subject, command.step, past);
    case 'skip': {
      const step = endable(subject, command.step);
      return { intervention: { ...rest(subject, step, past), skip: step }, steps: [command.step] };
    }
    case 'complete': {
      const step = endable(subject, command.step);
      const output = checkedOutput(subject, step, command.output, command.by);
      const { kept } = stepInfo(subject.compiled.program, step);
      const answer = {
        output: { r: { seq, path: [command.step] } },
        ...(kept.size === 0 ? {} : { kept: keptOfValue(kept, { output }) }),
      };
      return {
        intervention: { ...rest(subject, step, past), complete: { step, answer } },
        steps: [command.step],
        values: { [command.step]: output },
      };
    }
    case 'edit':
      return edited(subject, command, seq);
  }
}

function contextOf({ state }: Subject): RunContext {
  return (state.snapshot as { readonly context: RunContext }).context;
}

function hasEnded({ state }: Subject): boolean {
  return endedStatuses.has(statusOf(state));
}

/** As if it had not ended. */
function goingOn(context: RunContext): RunContext {
  const undone = { undoing: null, notUndone: [], compensation: null, isCancelAsked: false };
  return { ...context, ...undone, error: null, cancelled: null, output: null, isBreak: false };
}

function retried(subject: Subject, past: Past): Planned {
  const status = statusOf(subject.state);
  if (status !== 'failed' && status !== 'cancelled')
    throw new WorkflowError(
      'CONFLICT',
      `run '${subject.id}' is ${status}: only a failed or cancelled run can be retried`,
    );
  const { program } = subject.compiled;
  checkNotUndone(subject.id, program, contextOf(subject), null);
  const context = goingOn(contextOf(subject));
  const { steps, place } = standingOf(program, context);
  if (steps.length === 0) return { intervention: { context, place }, steps: [] };
  return { intervention: goingOnAt(context, steps, past), steps: idsOf(program, steps) };
}

/** Runs that a step goes on with are noted, to be undone should the run fail, when the step is over: once. */
function goingOnAt(context: RunContext, steps: readonly number[], past: Past): Intervention {
  const { enter, again } = begun(steps, past);
  const isNotedAgain = ({ step, visit, attempt }: RunContext['undo'][number]): boolean => {
    const record = recordOf(context, step);
    return again.includes(step) && record.visit === visit && record.attempt === attempt;
  };
  return { context: { ...context, undo: context.undo.filter((entry) => !isNotedAgain(entry)) }, enter, again };
}

/** Steps that are made of other runs go on with those. */
function begun(
  steps: readonly number[],
  past: Past,
): { readonly enter: readonly number[]; readonly again: readonly number[] } {
  return { enter: steps.filter((step) => !past.hasRuns(step)), again: steps.filter((step) => past.hasRuns(step)) };
}

function idsOf(program: Program, steps: readonly number[]): readonly string[] {
  return steps.map((step) => stepInfo(program, step).step.id);
}

function rerun(subject: Subject, id: string, past: Past): Planned {
  const { program } = subject.compiled;
  const index = stepOf(program, id);
  checkPlace(program, index, id);
  const before = contextOf(subject);
  checkNotUndone(subject.id, program, before, index);
  const { status, visit } = recordOf(before, index);
  if (visit === 0 || status === 'pending')
    throw new WorkflowError('CONFLICT', `step '${id}' is still to come: there is nothing to run again`);
  const around = ancestorsOf(program, index);
  const parallels = around.filter((each) => stepInfo(program, each).step.type === 'parallel');
  // Branches beside it have written to the state since.
  const earlier = parallels.length > 0 ? null : past.contextAt(index);
  const base = earlier === null ? before : { ...before, state: earlier.state, vars: earlier.vars, last: earlier.last };
  const context = renewedFrom(program, goingOn(base), index);
  const isOver = (step: number): boolean =>
    !around.includes(step) && context.steps.get(step) !== before.steps.get(step);
  const beside = hasEnded(subject) ? parallels.flatMap((each) => stoppedBeside(program, before, each, index)) : [];
  return {
    intervention: { context, enter: [index, ...beside], over: isOver },
    steps: [id],
  };
}

/** Of other branches of a parallel step: what did not come to its end. */
function stoppedBeside(program: Program, context: RunContext, parallel: number, index: number): readonly number[] {
  const inside = new Set([index, ...ancestorsOf(program, index)]);
  return program.steps
    .filter((each) => each.parent === parallel && !inside.has(each.index) && !hasPassed(program, context, each.index))
    .flatMap((each) => stoppedInside(program, context, each.index));
}

/** @throws WorkflowError CONFLICT for steps that have no place of their own in the course of the run */
function checkPlace(program: Program, index: number, id: string): void {
  const { sequence, parent } = stepInfo(program, index);
  const around = parent === null ? null : stepInfo(program, parent).step;
  if (sequence === null && around !== null && around.type !== 'parallel')
    throw new WorkflowError('CONFLICT', `step '${id}' is a part of step '${around.id}'; run that one again`);
  const top = [index, ...ancestorsOf(program, index)].at(-1) ?? index;
  if (program.onFailure.steps.includes(top))
    throw new WorkflowError(
      'CONFLICT',
      `step '${id}' follows the failure of the run: it cannot be run again by itself`,
    );
}

/** The number of a step that somebody may end by hand. @throws WorkflowError NOT_FOUND, CONFLICT */
function endable(subject: Subject, id: string): number {
  const { program } = subject.compiled;
  const index = stepOf(program, id);
  const context = contextOf(subject);
  checkNotUndone(subject.id, program, context, null);
  const { status, visit } = recordOf(context, index);
  const refuse = (why: string): WorkflowError => new WorkflowError('CONFLICT', `step '${id}' ${why}`);
  if ([index, ...ancestorsOf(program, index)].some((each) => stepInfo(program, each).isCompensation))
    throw refuse('undoes another one, when the run undoes what it did: it cannot be ended by hand');
  if (status === 'completed' || status === 'skipped') throw refuse(`is ${status} already`);
  if (hasEnded(subject)) {
    const { steps } = standingOf(program, context);
    const isAt = steps.some((step) => step === index || ancestorsOf(program, step).includes(index));
    if (statusOf(subject.state) === 'completed' || !isAt)
      throw refuse(`is not where the run stopped${steps.length === 0 ? '' : ` (${idsOf(program, steps).join(', ')})`}`);
    return index;
  }
  if (status === 'failed' || status === 'cancelled') {
    if (!canGoBack(program, context, index)) throw refuse(`is ${status}, and the run has gone on since; run it again`);
  } else if (visit === 0) throw refuse('has not begun yet');
  else if (status === 'pending' && !isAtGate(program, context, index)) throw refuse('is still to come');
  return index;
}

/** The parallel step around it has not ended yet, and nothing in its branch went on after it. */
function canGoBack(program: Program, context: RunContext, index: number): boolean {
  if (hasPassed(program, context, index)) return false;
  const { parent } = stepInfo(program, index);
  if (parent === null) return false;
  const { status } = recordOf(context, parent);
  if (status === 'running') return stepInfo(program, parent).step.type === 'parallel';
  return status === 'failed' && canGoBack(program, context, parent);
}

/** What comes before it in its sequence is over. */
function isAtGate(program: Program, context: RunContext, index: number): boolean {
  const { sequence, parent } = stepInfo(program, index);
  if (parent !== null && recordOf(context, parent).status !== 'running') return false;
  return (sequence?.steps ?? []).every((each) => each >= index || hasPassed(program, context, each));
}

/** Besides a step that is ended by hand, an ended run goes on as a retry does. */
function rest(subject: Subject, ended: number, past: Past): Intervention {
  const context = contextOf(subject);
  if (!hasEnded(subject)) return { context };
  const { program } = subject.compiled;
  const { steps } = standingOf(program, context);
  const others = steps.filter((step) => step !== ended && !ancestorsOf(program, step).includes(ended));
  return goingOnAt(goingOn(context), others, past);
}

/** As the step itself would have to give it. @throws InputError; WorkflowError CONFLICT */
function checkedOutput({ compiled }: Subject, index: number, output: unknown, by: string | undefined): unknown {
  const { step } = stepInfo(compiled.program, index);
  if (step.type === 'conditional' || step.type === 'switch')
    throw new WorkflowError(
      'CONFLICT',
      `step '${step.id}' chooses where the run goes: it has no output of its own to be given`,
    );
  const schema = step.type === 'human' ? formOf(step) : step.type === 'agent' ? step.schema : null;
  if (schema === null) return output;
  const parsed = schema.parse(output);
  if ('issues' in parsed) throw new InputError(`${compiled.program.definition.name}', step '${step.id}`, parsed.issues);
  const { value } = parsed;
  const isAnswer = step.type === 'human' && isPlainObject(value) && !Object.hasOwn(value, 'by');
  return isAnswer ? { ...value, by: by ?? null } : value;
}

function edited(subject: Subject, command: Extract<ControlCommand, { kind: 'edit' }>, seq: number): Planned {
  const { state: run } = subject;
  if (hasEnded(subject))
    throw new WorkflowError(
      'CONFLICT',
      `run '${subject.id}' is ${statusOf(run)}; fork it, with the state that it should have`,
    );
  if (run.pause === null && run.effects.size > 0)
    throw new WorkflowError(
      'CONFLICT',
      `run '${subject.id}' is at work on ${[...run.effects.keys()].join(', ')}; pause it first`,
    );
  const { context, values } = withEdits(subject, contextOf(subject), command, seq);
  return { intervention: { context }, steps: Object.keys(command.outputs ?? {}), values };
}

export interface Edits {
  /** Keys of the state that are set; the others stay. */
  readonly state?: Readonly<Record<string, unknown>>;
  readonly outputs?: Outputs;
}

/** The values are those that the context refers to in event `seq`. @throws as {@link planned} */
export function withEdits(
  subject: Subject,
  context: RunContext,
  { state, outputs = {} }: Edits,
  seq: number,
): { readonly context: RunContext; readonly values: Outputs } {
  const { program } = subject.compiled;
  let { steps } = context;
  const values: Record<string, unknown> = {};
  for (const [id, given] of Object.entries(outputs)) {
    const index = stepOf(program, id);
    const record = recordOf(context, index);
    if (record.output === undefined)
      throw new WorkflowError('CONFLICT', `step '${id}' has no output to edit: it is ${record.status}`);
    values[id] = checkedOutput(subject, index, given, undefined);
    const { kept: paths } = stepInfo(program, index);
    const output: StoredValue = { r: { seq, path: [id] } };
    const { kept: _kept, ...beside } = record;
    const kept = paths.size === 0 ? {} : { kept: keptOfValue(paths, { output: values[id] }) };
    steps = steps.set(index, { ...beside, output, ...kept });
  }
  return {
    context: { ...context, steps, state: state === undefined ? context.state : { ...context.state, ...state } },
    values,
  };
}
