/** The named guards of compiled machines. Conditions of the author are named by their text and take where they stand. */
import { InvariantError, type ErrorData } from '../src/core/errors.ts';
import type { Step } from '../src/definition/definition.ts';
import type { Condition } from '../src/expressions/condition.ts';
import { Choice } from '../src/core/choice.ts';
import type { RunContext } from './context.ts';
import {
  answerOf,
  errorOf,
  type MachineEvent,
  type SignalEvent,
  type StartEvent,
  type TaskEvent,
} from './machine-event.ts';
import type { Named } from './node-config.ts';
import { stepInfo, type Program } from './program.ts';
import { recordOf } from './record.ts';
import { ownLoop } from './loop-level.ts';
import { createScope } from './scope.ts';
import { keptReader } from './stored-reader.ts';
import { groupSequence } from './sequence.ts';
import { findKept, matchesSignal, readPayload, takesSignal } from './signal.ts';
import { failure, type SettleParams } from './settle.ts';
import { isTolerant } from './step.ts';

export interface GuardArguments {
  readonly context: RunContext;
  readonly event: MachineEvent;
}
export type Guard = (args: GuardArguments, params: never) => boolean;

type Retry = NonNullable<Step['retry']>;

interface StepParams {
  readonly step: number;
}

export function createGuards(program: Program): Record<string, Guard> {
  const evaluate = (guard: Named, args: GuardArguments): boolean => {
    const implementation = guards[guard.type];
    if (implementation === undefined) throw new InvariantError(`guard '${guard.type}' is not there`);
    return implementation(args, (guard.params ?? {}) as never);
  };
  let lastQueue: Queue | null = null;
  const guards: Record<string, Guard> = {
    ...authored(program),
    isTrue: ({ event }) => isTruthy(event),
    isGiven: ({ event }) => answerOf(event).none === undefined,
    hasInput: ({ context }) => !('v' in context.input) || context.input.v !== undefined,
    isNotChosen: ({ context }, { step }: StepParams) => recordOf(context, step).chosenBy === undefined,
    hasFailed: ({ context }, { step }: StepParams) => recordOf(context, step).status === 'failed',
    isUnsettled: ({ context }, { step }: StepParams) => !ended.has(recordOf(context, step).status),
    /** A failure was noted, and something tries to mend it. */
    isMending: ({ context }, { step }: StepParams) =>
      recordOf(context, step).status === 'running' && recordOf(context, step).error !== undefined,
    took: ({ context }, { step, branch }: StepParams & { readonly branch: string }) =>
      recordOf(context, step).branch === branch && recordOf(context, step).status === 'completed',
    'took and may jump': (args, { guard, to }: { readonly guard: Named; readonly to: number }) =>
      evaluate(guard, args) && (recordOf(args.context, to).jumps ?? 0) + 1 < program.definition.maxVisits,
    'isTrue and at limit': (args, { guard, step }: StepParams & { readonly guard: Named }) =>
      evaluate(guard, args) && isAtLimit(args.context, step),
    isNotTrue: (args, { guard }: { readonly guard: Named }) => !evaluate(guard, args),
    isAtLimit: ({ context }, { step }: StepParams) => isAtLimit(context, step),
    mayRetry: ({ context, event }, params: SettleParams) =>
      mayRetry(program, params.step, failure(program, context, event, params), recordOf(context, params.step).attempt),
    mayRetrySide: ({ context, event }, { step }: StepParams) =>
      mayRetry(program, step, errorOf(event), recordOf(context, step).sideAttempt ?? 1),
    hasMoreToWait: ({ context }, { step }: StepParams) => {
      const { delayMs = 0, waitedMs = 0 } = recordOf(context, step);
      return waitedMs < delayMs;
    },
    isJoined: ({ context }, { step }: StepParams) => joined(context, step) >= joinOf(step),
    branchesSucceeded: ({ context }, { step }: StepParams) => {
      const { step: parallel } = stepInfo(program, step);
      if (parallel.type !== 'parallel') return false;
      if (parallel.join !== 'all') return joined(context, step) >= parallel.join;
      return !branches(step).some((index) => hasFailed(context, index));
    },
    hasSlot: ({ context }, { step, branch }: StepParams & { readonly branch: number }) =>
      hasSlot(context, step, branch),
    isSignal: ({ context, event }, { step }: StepParams) => {
      const { name, payload, isBroadcast } = event as SignalEvent;
      const takes = isBroadcast === true ? matchesSignal : takesSignal;
      return takes(program, context, step, name, readPayload(payload));
    },
    hasSignal: ({ context }, { step }: StepParams) => findKept(program, context, step) !== -1,
    isToBeKept: ({ event }) => (event as SignalEvent).isBroadcast === undefined,
    isTask: ({ context, event }, { step }: StepParams) => {
      const { step: id, visit } = event as TaskEvent;
      return id === stepInfo(program, step).step.id && (visit === undefined || visit === recordOf(context, step).visit);
    },
    hasUndo: ({ context }) => context.undo.length > 0,
    isNextUndo: ({ context }, { step, effect }: StepParams & { readonly effect?: string }) => {
      const next = context.undo.at(-1);
      return next?.step === step && (effect === undefined || next.effect === effect);
    },
    isGivenText: ({ event }, { text }: { readonly text: string }) => {
      const { output } = answerOf(event);
      return 'v' in output && output.v === text;
    },
    isSecondCancel: ({ context }) => context.cancelled !== null || context.isCancelAsked,
    isToUndo: ({ event }) => (event as StartEvent).outer?.undone !== undefined,
    isUndone: ({ context }) => context.compensation === 'complete',
    isCancelled: ({ context }) => context.cancelled !== null,
    isFailing: ({ context }) => context.error !== null,
  };
  return guards;

  function isAtLimit(context: RunContext, step: number): boolean {
    const { step: loop } = stepInfo(program, step);
    return (
      loop.type === 'loop' && loop.maxIterations !== null && (recordOf(context, step).rounds ?? 0) >= loop.maxIterations
    );
  }

  function branches(step: number): readonly number[] {
    return groupSequence(program, stepInfo(program, step)).steps;
  }

  function joined(context: RunContext, step: number): number {
    return branches(step).filter((index) => context.steps.get(index)?.status === 'completed').length;
  }

  function joinOf(step: number): number {
    const { step: parallel } = stepInfo(program, step);
    return parallel.type === 'parallel' && parallel.join !== 'all' ? parallel.join : Number.POSITIVE_INFINITY;
  }

  /** All queued regions look at the same context, so each counts those queued before it as well. */
  function hasSlot(context: RunContext, step: number, branch: number): boolean {
    const { step: parallel } = stepInfo(program, step);
    if (parallel.type !== 'parallel' || parallel.maxConcurrency === null) return true;
    const queue = queueOf(context, step);
    return !queue.isOver && queue.running + (queue.ahead.get(branch) ?? 0) < parallel.maxConcurrency;
  }

  /** Every queued branch asks, about the same context: counted once for all of them. */
  function queueOf(context: RunContext, step: number): Queue {
    if (lastQueue?.steps === context.steps && lastQueue.step === step) return lastQueue;
    let running = 0;
    const ahead = new Map<number, number>();
    for (const index of branches(step)) {
      const record = context.steps.get(index);
      if (record !== undefined && ended.has(record.status)) continue;
      if (record?.slot === true) running += 1;
      else ahead.set(index, ahead.size);
    }
    lastQueue = { steps: context.steps, step, running, ahead, isOver: isOver(context, step) };
    return lastQueue;
  }

  /** The whole step is about to end: whoever is queued need not begin. */
  function isOver(context: RunContext, step: number): boolean {
    const { step: parallel } = stepInfo(program, step);
    if (parallel.type !== 'parallel') return false;
    return (
      (parallel.failFast && branches(step).some((index) => hasFailed(context, index))) ||
      joined(context, step) >= joinOf(step)
    );
  }

  function hasFailed(context: RunContext, index: number): boolean {
    return context.steps.get(index)?.status === 'failed' && !isTolerant(stepInfo(program, index).step);
  }
}

interface Queue {
  readonly steps: RunContext['steps'];
  readonly step: number;
  readonly running: number;
  /** How many branches are queued before it, by branch. */
  readonly ahead: ReadonlyMap<number, number>;
  readonly isOver: boolean;
}

const ended: ReadonlySet<string> = new Set(['completed', 'failed', 'skipped', 'cancelled']);

function isTruthy(event: MachineEvent): boolean {
  const { output } = answerOf(event);
  return !('v' in output) || Boolean(output.v);
}

/** Attempts are left, and the failure is one that is worth another try. */
function mayRetry(program: Program, step: number, error: ErrorData, attempt: number): boolean {
  const { retry } = stepInfo(program, step).step;
  return retry !== null && attempt < retry.maxAttempts && isWorthAnother(retry, error);
}

/** Whether a failure is one that is tried again. */
export function isWorthAnother({ on }: Retry, { code, retryable, details }: ErrorData): boolean {
  if (on === null) return retryable;
  return on.includes(code) || on.includes(String(details?.['status']));
}

/** Guards written by the author, by their text: conditions, and the cases of switches. */
function authored(program: Program): Record<string, Guard> {
  const guards: Record<string, Guard> = {};
  for (const { step, index } of program.steps) {
    for (const condition of conditionsOf(program, index)) {
      guards[condition.source] = ({ context }, params: StepParams & { readonly place: string }) => {
        const isOwn = params.place === 'decide' && stepInfo(program, params.step).step.type === 'loop';
        const scope = createScope(program, context, params.step, keptReader, isOwn ? ownLoop : 0);
        return conditionAt(program, params.step, params.place).test(scope);
      };
    }
    if (step.type !== 'switch') continue;
    for (const { key } of step.cases) guards[`case ${key}`] = (args, params: never) => isCase(program, args, params);
  }
  return guards;
}

function conditionsOf(program: Program, index: number): readonly Condition[] {
  return ['condition', 'decide']
    .map((place) => conditionOrNull(program, index, place))
    .filter((condition) => condition !== null);
}

function conditionOrNull(program: Program, index: number, place: string): Condition | null {
  const { step } = stepInfo(program, index);
  const decide =
    step.type === 'conditional' || step.type === 'loop' ? step.decide : step.type === 'wait' ? step.while : null;
  const decision = place === 'condition' ? step.condition : decide;
  return decision?.kind === 'expression' ? decision.condition : null;
}

function conditionAt(program: Program, index: number, place: string): Condition {
  const condition = conditionOrNull(program, index, place);
  if (condition === null) throw new InvariantError(`step ${index} has no condition as its ${place}`);
  return condition;
}

/** The switch's value equals the case's key, as text; a router's output by any of its names. */
function isCase(
  program: Program,
  { context, event }: GuardArguments,
  params: StepParams & { readonly key: string; readonly isDirect: boolean },
): boolean {
  const { step } = stepInfo(program, params.step);
  if (step.type !== 'switch') return false;
  if (!params.isDirect) {
    const { output, kept } = answerOf(event);
    return matches(keptReader(output, [], '', kept, 'output'), params.key);
  }
  if (step.value.kind !== 'template') return false;
  const scope = createScope(program, context, params.step, keptReader);
  const [only, ...others] = step.value.template.paths;
  const source: unknown = step.value.template.source;
  if (
    only !== undefined &&
    others.length === 0 &&
    typeof source === 'string' &&
    /^\{\{[^{}]*\}\}$/.test(source.trim())
  ) {
    const value = scope(only);
    return value instanceof Choice ? value.aliases.has(params.key) : matches(value, params.key);
  }
  return matches(step.value.template.render(scope, { missing: 'empty' }), params.key);
}

function matches(value: unknown, key: string): boolean {
  return (
    value !== undefined && value !== null && (typeof value === 'object' ? JSON.stringify(value) : String(value)) === key
  );
}
