/**
 * The kernel without an engine: whatever is under way in a run ends in an order and with results that a seed decides. Pure, so
 * that a history can be replayed, cut and continued at will.
 */
import {
  advance,
  type ActiveEffect,
  type ActiveTimer,
  type Advanced,
  type Kernel,
  type Refused,
  type RunState,
} from '../../src/core/advance.ts';
import { WorkflowError, toErrorData } from '../../src/core/errors.ts';
import type { EffectCompleted, HistoryEvent, Recorded, RunRebased } from '../../src/core/event.ts';
import { decodeEvent, encodeEvent } from '../../src/engine/drive/codec.ts';
import { kernelOf } from '../../machines/kernel-of.ts';
import { planned, type ControlCommand, type Past, type Subject } from '../../src/engine/steer/control-commands.ts';
import { rebasedBy } from '../../src/engine/drive/rebase.ts';
import { startedEvent } from '../../src/engine/runs/start.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import { compileWorkflow, type CompiledWorkflow } from '../../machines/workflow.ts';
import { SeededRandom } from '../support/seeded-random.ts';

export interface Moment {
  readonly recorded: Recorded;
  readonly advanced: Advanced;
}

export interface Simulated {
  readonly compiled: CompiledWorkflow;
  readonly kernel: Kernel;
  readonly moments: readonly Moment[];
}

const extras = { runId: 'run' };

export function step(kernel: Kernel, state: RunState, recorded: Recorded): Advanced | Refused {
  return advance(kernel, state, recorded, extras);
}

/** @throws Error when the event is refused */
export function taken(kernel: Kernel, state: RunState, recorded: Recorded): Advanced {
  const advanced = step(kernel, state, recorded);
  if ('refused' in advanced) throw new Error(`event ${recorded.seq} was refused: ${advanced.refused}`);
  return advanced;
}

export function simulate(
  definition: WorkflowDefinition,
  seed: number,
  options: { readonly input?: unknown; readonly maxEvents?: number; readonly failures?: number } = {},
): Simulated {
  const { input = {}, maxEvents = 60, failures = 0.2 } = options;
  const compiled = compileWorkflow(definition);
  const kernel = kernelOf(compiled);
  const random = new SeededRandom(seed);
  const moments: Moment[] = [];
  let state = kernel.initial;
  let at = Date.UTC(2026, 0, 1);
  const idle = new Set<ActiveTimer>();
  const take = (event: HistoryEvent): boolean => {
    const recorded: Recorded = { seq: state.seq + 1, at, event };
    const advanced = step(kernel, state, recorded);
    if ('refused' in advanced) return false;
    moments.push({ recorded, advanced });
    ({ state } = advanced);
    return true;
  };
  take(startedEvent(definition, { v: input }));
  const intervene = (): boolean => {
    const event = interventionIn({ id: extras.runId, compiled, state }, random, { seq: state.seq + 1, at });
    return event !== null && take(event);
  };
  while (moments.length < maxEvents) {
    if (state.snapshot.status !== 'active') {
      if (random.next() < 0.3 || !intervene()) break;
      continue;
    }
    if (random.next() < 0.04 && intervene()) continue;
    if (random.next() < 0.04) {
      const { steps } = compiled.program;
      const id = steps[Math.floor(random.next() * steps.length)]?.step.id ?? '';
      const when = random.next() < 0.5 ? 'before' : 'after';
      take({ type: random.next() < 0.7 ? 'breakpoint.set' : 'breakpoint.removed', step: id, when });
      continue;
    }
    if (random.next() < 0.02) {
      take({ type: 'function.changed', functions: { 'steps.a.transform': String(random.next()) } });
      continue;
    }
    const isPaused = state.pause !== null;
    if (random.next() < (isPaused ? 0.3 : 0.03)) {
      take({ type: isPaused ? 'run.resumed' : 'run.paused', by: 'someone' });
      continue;
    }
    const choices = [...state.effects.values(), ...[...state.timers.values()].filter((timer) => !idle.has(timer))];
    const choice = choices[Math.floor(random.next() * choices.length)];
    if (choice === undefined) throw new Error('nothing is under way, and the run has not ended');
    if ('dueAt' in choice) {
      at = Math.max(at, choice.dueAt);
      const isTaken = take({ type: 'timer.fired', timer: choice.name, setBy: choice.setBy });
      // The total time of a step that is over already: nothing takes notice of it.
      if (!isTaken && state.pause === null) idle.add(choice);
    } else {
      at += Math.floor(random.next() * 50);
      if (choice.accepted === undefined && random.next() < 0.1) {
        const beat = random.next() < 0.5 ? { heartbeatMs: 40 } : {};
        take({ type: 'effect.accepted', ...tokenOf(choice), ...beat });
        continue;
      }
      if (choice.accepted !== undefined && random.next() < 0.3) {
        take({ type: 'effect.heartbeat', ...tokenOf(choice) });
        continue;
      }
      const event =
        random.next() < 0.01 ? { type: 'run.cancelled' as const, by: 'someone' } : resultOf(choice, random, failures);
      // While the run is paused, what arrived once is held.
      if (!take(event) && state.pause === null) throw new Error(`event ${state.seq + 1} (${event.type}) was refused`);
    }
  }
  return { compiled, kernel, moments };
}

const noPast: Past = { hasRuns: () => false, contextAt: () => null };

/** What somebody might do to the run where it is; null: it would be refused. */
function interventionIn(
  subject: Subject,
  random: SeededRandom,
  place: { readonly seq: number; readonly at: number },
): RunRebased | null {
  const { steps } = subject.compiled.program;
  const id = steps[Math.floor(random.next() * steps.length)]?.step.id ?? '';
  const commands: readonly ControlCommand[] = [
    { kind: 'retry' },
    { kind: 'rerun', step: id },
    { kind: 'skip', step: id },
    { kind: 'complete', step: id, output: { by: 'hand', score: 5 } },
    { kind: 'edit', state: { n: 3 }, outputs: {} },
  ];
  const command = commands[Math.floor(random.next() * commands.length)] as ControlCommand;
  try {
    const { intervention, ...about } = planned(subject, command, noPast, place.seq);
    return rebasedBy(subject, intervention, place, { kind: command.kind, ...about });
  } catch (error) {
    if (error instanceof WorkflowError) return null;
    throw error;
  }
}

export function tokenOf(effect: ActiveEffect): Pick<EffectCompleted, 'effect' | 'visit' | 'attempt'> {
  const { visit, attempt } = effect.input;
  return { effect: effect.id, visit, attempt };
}

function resultOf(effect: ActiveEffect, random: SeededRandom, failures: number): HistoryEvent {
  if (random.next() < failures) {
    const retryable = random.next() < 0.8;
    const error = toErrorData(new WorkflowError('AGENT_ERROR', 'status 503', { retryable, details: { status: 503 } }));
    return { type: 'effect.failed', ...tokenOf(effect), error, random: random.next() };
  }
  return { type: 'effect.completed', ...tokenOf(effect), ...answerOf(effect.input as EffectInput, random) };
}

function answerOf(
  input: EffectInput,
  random: SeededRandom,
): Pick<EffectCompleted, 'output' | 'none' | 'kept' | 'writes' | 'metadata'> {
  if (input.kind === 'assign') {
    const { info } = input;
    const writes = (info?.step.assign ?? []).flatMap((each) =>
      each.kind === 'set' ? [[each.key, { set: random.next() }] as const] : [],
    );
    return { output: { v: null }, none: true, writes: Object.fromEntries(writes) };
  }
  if (input.info?.step.type === 'loop' && input.kind === 'work') {
    return { output: { n: { prefix: 'run/x:1/', count: 2 } }, metadata: { rounds: 2 } };
  }
  if (input.kind === 'undo') return { output: { v: random.next() < 0.8 ? 'complete' : 'incomplete' } };
  if (input.kind === 'start' || random.next() < 0.1) return { output: { v: null }, none: true };
  const values: readonly unknown[] = [
    true,
    false,
    7,
    'short',
    'x'.repeat(100),
    { text: 'deep', n: { m: [1, 2] }, score: 5 },
    [1, 'two', null],
    '',
  ];
  return {
    output: { v: values[Math.floor(random.next() * values.length)] },
    metadata: { model: 'm', n: random.next() },
  };
}

/** As a store gives it back. */
export function stored(recorded: Recorded): Recorded {
  return decodeEvent(structuredClone(encodeEvent(recorded)));
}
