/** What is asked of one run at once: where it is, what it waits for, and what could happen next. Reads only; all of it is JSON. */
import { statusOf, type ActiveEffect, type ActiveTimer, type RunState } from '../../core/advance.ts';
import type { ErrorData } from '../../core/errors.ts';
import type { Breakpoint } from '../../core/event.ts';
import type { RunStatus, StepStatus } from '../../core/run.ts';
import { materialize, type ValueLoader } from '../../core/stored-value.ts';
import type { RunContext } from '../../../machines/context.ts';
import { childRunId, type EffectInput } from '../../../machines/effect-input.ts';
import { stepInfo, type Program } from '../../../machines/program.ts';
import { recordOf } from '../../../machines/record.ts';
import { taskId } from '../steer/commands.ts';

/** One thing that a run waits for. Times are in milliseconds since 1970. */
export interface Wait {
  readonly for: 'human' | 'signal' | 'timer' | 'child' | 'rounds' | 'effect' | 'completion';
  readonly step: string | null;
  /** Of a task, a child run, rounds (what their ids begin with), a signal (its name), a timer (its name), an effect. */
  readonly id: string;
  readonly since: number | null;
  /** When it ends by itself, or is given up; null: never. */
  readonly until: number | null;
}

/** Something that somebody or something may bring to the run as it is now. */
export interface NextEvent {
  readonly type: 'answer' | 'signal' | 'timer' | 'result' | 'control';
  /** Of a task, a signal, a timer, an effect; the name of a command. */
  readonly id: string;
  readonly step: string | null;
}

export interface RunQuery {
  readonly runId: string;
  readonly workflow: string;
  readonly version: string;
  readonly status: RunStatus;
  /** Seq of the last event. */
  readonly seq: number;
  readonly input: unknown;
  readonly state: Readonly<Record<string, unknown>>;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly waitingFor: readonly Wait[];
  readonly breakpoints: readonly Breakpoint[];
  /** Who paused it, and why; null: it is not paused. */
  readonly pause: { readonly by?: string; readonly why?: string } | null;
  readonly steps: readonly {
    readonly id: string;
    readonly status: StepStatus;
    readonly visit: number;
    readonly attempt: number;
    readonly error: ErrorData | null;
  }[];
  readonly next: readonly NextEvent[];
}

export interface Queried {
  readonly id: string;
  readonly program: Program;
  readonly state: RunState;
  readonly loader: ValueLoader;
  /** When an event was recorded, in milliseconds since 1970; null: it is not there any more. */
  readonly timeOf: (seq: number) => number | null;
}

export function queryRun(queried: Queried): RunQuery {
  const { id, program, state, loader } = queried;
  const { context } = state.snapshot as { readonly context: RunContext };
  const waits = state.snapshot.status === 'active' ? waitsOf(queried, context) : [];
  return {
    runId: id,
    workflow: program.definition.name,
    version: program.definition.version,
    status: statusOf(state),
    seq: state.seq,
    input: materialize(context.input, loader, context.run.id) ?? null,
    state: context.state,
    vars: varsOf(program, context, loader),
    waitingFor: waits,
    breakpoints: state.breakpoints,
    pause: pauseOf(state),
    steps: program.steps.map(({ step, index }) => {
      const { status, visit, attempt, error = null } = recordOf(context, index);
      return { id: step.id, status, visit, attempt, error };
    }),
    next: nextOf(queried, context, waits),
  };
}

function pauseOf({ pause }: RunState): RunQuery['pause'] {
  if (pause === null) return null;
  const { by, why } = pause;
  return { ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) };
}

function varsOf(program: Program, context: RunContext, loader: ValueLoader): Readonly<Record<string, unknown>> {
  const vars: [string, unknown][] = [];
  for (const [name, writers] of program.vars) {
    const index = writers.length === 1 ? writers[0] : context.vars[name];
    const output = index === undefined ? undefined : context.steps.get(index)?.output;
    if (output !== undefined) vars.push([name, materialize(output, loader, context.run.id) ?? null]);
  }
  return Object.fromEntries(vars);
}

// What it waits for.

function waitsOf(queried: Queried, context: RunContext): readonly Wait[] {
  const { state, program } = queried;
  const people = program.steps.flatMap(({ index }) => waitOfStep(queried, context, index));
  const effects = [...state.effects.values()].map((effect) => waitOfEffect(queried, effect));
  const timers = [...state.timers.values()].filter(({ name }) => !/^(timeout|total|maxWait|heartbeat):/.test(name));
  return [...people, ...effects, ...timers.map((timer) => waitOfTimer(queried, timer))];
}

function waitOfStep({ id, state, program, timeOf }: Queried, context: RunContext, index: number): readonly Wait[] {
  const { step } = stepInfo(program, index);
  const { status, visit, sideAttempt } = recordOf(context, index);
  if (status !== 'running' || sideAttempt !== undefined || (step.type !== 'human' && step.type !== 'signal')) return [];
  const limit = state.timers.get(`timeout:${step.id}`);
  const until = limit?.dueAt ?? null;
  const since = limit === undefined ? null : timeOf(limit.setBy);
  return [
    step.type === 'human'
      ? { for: 'human', step: step.id, id: taskId({ run: id, step: step.id, visit }), since, until }
      : { for: 'signal', step: step.id, id: step.name, since, until },
  ];
}

function waitOfEffect({ state, timeOf, program }: Queried, effect: ActiveEffect): Wait {
  const input = effect.input as EffectInput;
  const step = input.step === null ? null : stepInfo(program, input.step).step.id;
  const until = step === null ? null : (state.timers.get(`timeout:${step}`)?.dueAt ?? null);
  const common = { step, since: timeOf(effect.seq), until };
  if (effect.src === 'workflow') return { for: 'child', id: childRunId(input), ...common };
  if (effect.src === 'loop') return { for: 'rounds', id: `${childRunId(input)}/`, ...common };
  return { for: effect.accepted === undefined ? 'effect' : 'completion', id: effect.id, ...common };
}

function waitOfTimer({ program, timeOf }: Queried, { name, dueAt, setBy }: ActiveTimer): Wait {
  const step = name.slice(name.indexOf(':') + 1);
  return { for: 'timer', step: program.byId.has(step) ? step : null, id: name, since: timeOf(setBy), until: dueAt };
}

// What can happen.

function nextOf({ state, program }: Queried, context: RunContext, waits: readonly Wait[]): readonly NextEvent[] {
  const control = (id: string, step: string | null = null): NextEvent => ({ type: 'control', id, step });
  const status = statusOf(state);
  if (status === 'failed' || status === 'cancelled') return [control('retry'), control('rerun'), control('fork')];
  if (status === 'completed') return [control('rerun'), control('fork')];
  const isPaused = state.pause !== null;
  const events = waits.flatMap(({ for: what, id, step }): readonly NextEvent[] => {
    if (what === 'human') return [{ type: 'answer', id, step }];
    return what === 'signal' ? [{ type: 'signal', id, step }] : [];
  });
  const timers = [...state.timers.keys()].map((id): NextEvent => {
    const step = id.slice(id.indexOf(':') + 1);
    return { type: 'timer', id, step: program.byId.has(step) ? step : null };
  });
  const results = [...state.effects.values()].map(({ id, input }): NextEvent => {
    const { step } = input as EffectInput;
    return { type: 'result', id, step: step === null ? null : stepInfo(program, step).step.id };
  });
  const open = program.steps.filter(({ index }) => ['running', 'backoff'].includes(recordOf(context, index).status));
  const ends = open.flatMap(({ step }) => [control('skip', step.id), control('complete', step.id)]);
  const run = [isPaused ? 'resume' : 'pause', 'cancel', 'terminate', 'rerun', 'fork'];
  const edit = isPaused || state.effects.size === 0 ? [control('edit')] : [];
  return [...events, ...timers, ...results, ...ends, ...run.map((id) => control(id)), ...edit];
}
