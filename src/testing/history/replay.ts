/**
 * A recorded run, event by event, on a machine: that of the definition it was recorded with, or of another one. Pure; owns how rounds
 * find what was around them, and where a replay cannot go on.
 */
import { advance, type Advanced, type Kernel, type RunState } from '../../core/advance.ts';
import { InvariantError } from '../../core/errors.ts';
import type { HistoryEvent, ParentLink, Recorded, RunStarted } from '../../core/event.ts';
import { materialize, type ValueLoader } from '../../core/stored-value.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import { toRunEvent, type RunEvent } from '../../engine/read/run-events.ts';
import type { OuterRun, RunContext } from '../../../machines/context.ts';
import { kernelOf } from '../../../machines/kernel-of.ts';
import { compileWorkflow, type CompiledWorkflow } from '../../../machines/workflow.ts';
import type { RecordedRun, Recording } from './recording.ts';

export interface ReplayedEvent {
  readonly recorded: Recorded;
  readonly told: readonly RunEvent[];
  /** After it. */
  readonly state: RunState;
}

/** The run goes no further on this machine; the message says why. */
class ReplayStop extends Error {
  override readonly name = 'ReplayStop';
}

/** Gives the definition that a run is replayed with; null: none, and it is not replayed. */
export type Resolve = (run: RecordedRun, hash: string) => WorkflowDefinition | null;

interface Bound {
  readonly compiled: CompiledWorkflow;
  readonly kernel: Kernel;
  readonly outer: OuterRun | null;
}

interface Kept {
  readonly compiled: CompiledWorkflow;
  readonly outer: OuterRun | null;
  /** After the events that runs below refer to. */
  readonly states: Map<number, RunState>;
  last: RunState;
}

export class Replays {
  readonly #recording: Recording;
  readonly #resolve: Resolve;
  readonly #wanted = new Map<string, Set<number>>();
  readonly #kept = new Map<string, Kept>();

  constructor(recording: Recording, resolve: Resolve) {
    this.#recording = recording;
    this.#resolve = resolve;
    for (const { events } of recording.runs) {
      const link = startOf(events)?.parent;
      if (link === undefined) continue;
      const seqs = this.#wanted.get(link.run) ?? new Set();
      this.#wanted.set(link.run, seqs.add(link.seq));
    }
  }

  /** Runs above have to be replayed before. @throws ReplayStop; what the machine throws */
  *replay(run: RecordedRun): Generator<ReplayedEvent> {
    const { row, events } = run;
    let bound = this.#bind(run, hashOf(run));
    let state: RunState = bound.kernel.initial;
    for (const recorded of events) {
      const { event } = recorded;
      if (event.type === 'run.rebased') {
        bound = this.#bind(run, event.hash);
        if (recorded.seq === 1) state = { ...state, seq: 0 };
      }
      const advanced = this.#advance(bound, state, recorded, row.id);
      state = advanced.state;
      this.#keep(row.id, bound, state);
      const told = advanced.lifecycle.map((each) => toRunEvent(each, recorded, row.id, this.#recording.values));
      yield { recorded, told, state };
    }
  }

  #advance({ kernel, outer }: Bound, state: RunState, recorded: Recorded, runId: string): Advanced {
    const event = withKept(kernel, recorded.event, this.#recording.values, runId);
    const advanced = advance(kernel, state, { ...recorded, event }, { runId, ...(outer === null ? {} : { outer }) });
    if ('refused' in advanced) throw new ReplayStop(advanced.refused);
    return advanced;
  }

  #keep(run: string, { compiled, outer }: Bound, state: RunState): void {
    const kept = this.#kept.get(run) ?? { compiled, outer, states: new Map<number, RunState>(), last: state };
    this.#kept.set(run, { ...kept, compiled, last: state });
    if (this.#wanted.get(run)?.has(state.seq) === true) kept.states.set(state.seq, state);
  }

  #bind(run: RecordedRun, hash: string): Bound {
    if (run.row.kind === 'round') {
      const { compiled, outer } = this.#roundOf(run);
      return { compiled, kernel: kernelOf(compiled), outer };
    }
    const definition = this.#resolve(run, hash);
    if (definition === null) throw new ReplayStop(`no workflow '${run.row.workflow}' is given`);
    const compiled = compileWorkflow(definition);
    return { compiled, kernel: kernelOf(compiled), outer: null };
  }

  /** The body of the loop, in the run around it as it was when the loop began. */
  #roundOf({ row, events }: RecordedRun): { readonly compiled: CompiledWorkflow; readonly outer: OuterRun } {
    const started = startOf(events);
    if (started?.undoes !== undefined) {
      const { run, error } = started.undoes;
      const undone = this.#kept.get(run);
      if (undone?.outer == null) throw new ReplayStop(`round '${run}', which it undoes, was not replayed`);
      return {
        compiled: undone.compiled,
        outer: { ...undone.outer, undone: { context: contextOf(undone.last), error } },
      };
    }
    if (started?.parent === undefined) throw new InvariantError(`round '${row.id}' does not say whose it is`);
    return this.#bodyOf(started.parent);
  }

  #bodyOf({ run, step, seq }: ParentLink): { readonly compiled: CompiledWorkflow; readonly outer: OuterRun } {
    const around = this.#kept.get(run);
    const state = around?.states.get(seq);
    if (around === undefined || state === undefined) throw new ReplayStop(`run '${run}' did not come to event ${seq}`);
    const { program } = around.compiled;
    const loop = program.byId.get(step);
    const compiled = loop === undefined ? undefined : around.compiled.bodies.get(loop);
    if (loop === undefined || compiled === undefined) throw new ReplayStop(`step '${step}' is no loop over items`);
    return { compiled, outer: { program, context: contextOf(state), loop } };
  }
}

/** Conditions of another definition read other parts of a value: what they read is taken from the value itself. */
function withKept(kernel: Kernel, event: HistoryEvent, values: ValueLoader, run: string): HistoryEvent {
  if (event.type === 'effect.completed' && !('v' in event.output)) {
    const { kept: _kept, ...rest } = event;
    const kept = kernel.keep(event.effect, materialize(event.output, values, run), event.metadata);
    return kept === undefined ? rest : { ...rest, kept };
  }
  if (event.type === 'run.started' && !('v' in event.input)) {
    const { kept: _kept, ...rest } = event;
    const kept = kernel.keepInput(materialize(event.input, values, run));
    return kept === undefined ? rest : { ...rest, kept };
  }
  return event;
}

function startOf([first]: readonly Recorded[]): RunStarted | undefined {
  return first?.event.type === 'run.started' ? first.event : undefined;
}

/** What it was bound to when it began. */
function hashOf({ row, events: [first] }: RecordedRun): string {
  return first?.event.type === 'run.started' || first?.event.type === 'run.rebased' ? first.event.hash : row.hash;
}

function contextOf({ snapshot }: RunState): RunContext {
  return (snapshot as { readonly context: RunContext }).context;
}
