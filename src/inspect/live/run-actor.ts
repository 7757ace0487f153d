/**
 * A run as an actor of XState, as inspectors know actors: an id, a parent, a chart, and its snapshot. It can be looked at and
 * nothing else: what is sent to it is refused.
 */
import type { ActorRefLike, AnyEventObject, Snapshot } from 'xstate';
import type { RunState } from '../../core/advance.ts';
import { WorkflowError } from '../../core/errors.ts';
import type { HistoryEvent, Recorded } from '../../core/event.ts';
import type { Json } from '../../core/json.ts';
import { materialize, type StoredValue, type ValueLoader } from '../../core/stored-value.ts';
import type { Masker } from '../../http/mask.ts';
import type { CompiledWorkflow } from '../../../machines/compiled-workflow.ts';
import type { RunContext, StepRecord } from '../../../machines/context.ts';
import { stepInfo } from '../../../machines/program.ts';
import { contextBounds, eventBounds, plainView } from './plain-view.ts';

export interface RunActorOptions {
  /** Id of the run. */
  readonly run: string;
  /** The run whose round or child it is. */
  readonly parent: ParentActor | null;
  readonly compiled: CompiledWorkflow;
  /** The chart as data. */
  readonly config: Json;
  readonly state: RunState;
  readonly loader: ValueLoader;
  readonly masker: Masker;
}

/** A run around another; one that is not told of itself is known by its id alone. */
export interface ParentActor {
  readonly sessionId: string;
  /** Id of the run around all. */
  readonly rootId: string;
  /** The round or child of each of its steps that ended last. */
  readonly ended: Map<string, RunActor>;
}

/** What {@link RunActor.getSnapshot} gives: data as of one event. */
export interface RunSnapshot {
  readonly status: Snapshot<unknown>['status'];
  readonly value: unknown;
  readonly context: unknown;
  readonly output: unknown;
  readonly error: unknown;
}

export class RunActor implements ParentActor, ActorRefLike {
  /** The run's id. */
  readonly sessionId: string;
  /** Of a round or a child: what stands after its parent's id, `<step>:<visit>`; of a run of its own, its id. */
  readonly id: string;
  readonly logic: { readonly config: Json };
  readonly _parent: ParentActor | undefined;
  readonly ended = new Map<string, RunActor>();
  readonly #options: RunActorOptions;
  /** Of records that did not change since. */
  readonly #steps = new WeakMap<StepRecord, unknown>();
  #state: RunState;
  #snapshot: RunSnapshot;

  constructor(options: RunActorOptions) {
    const { run, parent, config, state } = options;
    this.#options = options;
    this.sessionId = run;
    this.id = parent !== null && run.startsWith(`${parent.sessionId}/`) ? run.slice(parent.sessionId.length + 1) : run;
    this.logic = { config };
    this._parent = parent ?? undefined;
    this.#state = state;
    this.#snapshot = this.#snapshotOf(state);
  }

  get compiled(): CompiledWorkflow {
    return this.#options.compiled;
  }

  get rootId(): string {
    return this._parent?.rootId ?? this.sessionId;
  }

  send(event: AnyEventObject): void {
    throw new WorkflowError(
      'REQUEST_INVALID',
      `run '${this.sessionId}' is only looked at: it does not take '${event.type}' from an inspector; say it by its handle`,
    );
  }

  getSnapshot(): Snapshot<unknown> {
    return this.#snapshot as unknown as Snapshot<unknown>;
  }

  /** Moves on; gives the event as the machine saw it. */
  advance(recorded: Recorded, state: RunState): AnyEventObject {
    const event = this.#eventOf(recorded);
    this.#state = state;
    this.#snapshot = this.#snapshotOf(state);
    return event;
  }

  /** Under the name that the chart has for it; with what it brought. */
  #eventOf({ seq, at, event }: Recorded): AnyEventObject {
    const { type, ...rest } = event;
    const data: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(rest)) {
      if (isHidden(event, key)) continue;
      data[key] = isStored(event, key) ? this.#load(member as StoredValue) : member;
    }
    const shown = plainView(data, eventBounds, this.#options.masker) as Readonly<Record<string, unknown>>;
    return { ...shown, type: this.#typeOf(event), history: { type, seq, at } };
  }

  #typeOf(event: HistoryEvent): string {
    if (event.type === 'effect.completed') return `xstate.done.actor.${event.effect}`;
    if (event.type === 'effect.failed') return `xstate.error.actor.${event.effect}`;
    if (event.type !== 'timer.fired') return event.type;
    return this.#state.timers.get(event.timer)?.type ?? event.type;
  }

  #snapshotOf(state: RunState): RunSnapshot {
    const { value, status, context } = state.snapshot as unknown as {
      readonly value: unknown;
      readonly status: RunSnapshot['status'];
      readonly context: RunContext;
    };
    const output = context.output === null ? undefined : this.#shown(this.#load(context.output));
    return {
      status,
      value,
      context: this.#contextOf(context, state),
      output,
      error: context.error === null ? undefined : this.#shown(context.error),
    };
  }

  #contextOf(context: RunContext, { pause }: RunState): unknown {
    const { program } = this.#options.compiled;
    const steps = [...context.steps.entries()].map(([index, record]): [string, unknown] => [
      stepInfo(program, index).step.id,
      this.#stepOf(record),
    ]);
    const { cancelled, round } = context;
    return {
      run: this.sessionId,
      input: this.#shown(this.#load(context.input)),
      ...(round === null ? {} : { round: { index: round.index, item: this.#shown(this.#load(round.item)) } }),
      steps: Object.fromEntries(steps),
      state: this.#shown(context.state),
      ...(pause === null ? {} : { paused: this.#shown({ by: pause.by, why: pause.why }) }),
      ...(cancelled === null ? {} : { cancelled: this.#shown(cancelled) }),
    };
  }

  #stepOf(record: StepRecord): unknown {
    const known = this.#steps.get(record);
    if (known !== undefined) return known;
    const { status, visit, attempt, branch, error, output } = record;
    const view = {
      status,
      visit,
      attempt,
      ...(branch === undefined ? {} : { branch }),
      ...(error === undefined ? {} : { error: this.#shown(error) }),
      ...(output === undefined ? {} : { output: this.#shown(this.#load(output)) }),
    };
    this.#steps.set(record, view);
    return view;
  }

  #load(stored: StoredValue): unknown {
    return materialize(stored, this.#options.loader, this.sessionId);
  }

  #shown(value: unknown): unknown {
    return plainView(value, contextBounds, this.#options.masker);
  }
}

/** What is told elsewhere (what guards read of an output, the state that a rebase leads to), and what followed from the event. */
function isHidden({ type }: HistoryEvent, key: string): boolean {
  return key === 'kept' || (type === 'run.rebased' && (key === 'snapshot' || key === 'lifecycle'));
}

/** Which members of an event are values that may be references. */
function isStored(event: HistoryEvent, key: string): boolean {
  if (event.type === 'run.started') return key === 'input' || key === 'item';
  if (event.type === 'signal.received') return key === 'payload';
  return (event.type === 'effect.completed' || event.type === 'task.answered') && key === 'output';
}
