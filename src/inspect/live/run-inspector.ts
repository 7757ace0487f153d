/**
 * Tells an inspector of XState what runs do: each run is an actor, rounds and child runs are actors whose parent is the run around
 * them. Owns which runs are told of; a run as an actor is `run-actor.ts`.
 */
import type { ActorRefLike, AnyEventObject, InspectionEvent } from 'xstate';
import type { RunState } from '../../core/advance.ts';
import type { Recorded } from '../../core/event.ts';
import type { Json } from '../../core/json.ts';
import type { ValueLoader } from '../../core/stored-value.ts';
import type { WorkflowDefinition } from '../../definition/definition.ts';
import { createMasker, type Masker } from '../../http/mask.ts';
import type { CompiledWorkflow } from '../../../machines/compiled-workflow.ts';
import { createDrawing } from '../drawing/build.ts';
import { toMachineConfig } from '../formats/machine-config.ts';
import { RunActor, type ParentActor } from './run-actor.ts';

/** What `createActor(machine, { inspect })` takes: a function, or an object with `next`, such as `inspector.inspect` of `@statelyai/inspect`. */
export type InspectionObserver =
  | ((event: InspectionEvent) => void)
  | { readonly next?: (event: InspectionEvent) => void };

export interface InspectedRun {
  readonly id: string;
  /** Id of the run whose round or child it is. */
  readonly parent: string | null;
  readonly compiled: CompiledWorkflow;
  readonly state: RunState;
}

/** An event of a run, and what it led to. */
export interface InspectedEvent {
  readonly run: string;
  readonly recorded: Recorded;
  readonly state: RunState;
  /** What the run is bound to with this event. */
  readonly compiled: CompiledWorkflow;
}

export interface RunInspectorOptions {
  readonly observer: InspectionObserver;
  readonly loader: ValueLoader;
  /** Values of what `{{env.NAME}}` names are masked. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The observer threw, or a value could not be loaded. Runs do not care. */
  readonly onError: (run: string, error: unknown) => void;
}

export class RunInspector {
  readonly #options: RunInspectorOptions;
  readonly #tell: (event: InspectionEvent) => void;
  readonly #actors = new Map<string, RunActor>();
  readonly #configs = new WeakMap<CompiledWorkflow, Json>();
  readonly #maskers = new WeakMap<WorkflowDefinition, Masker>();

  constructor(options: RunInspectorOptions) {
    const { observer } = options;
    this.#options = options;
    this.#tell = typeof observer === 'function' ? observer : (event) => observer.next?.(event);
  }

  /** A run that is told of from now on; nothing when it is already. */
  begin(run: InspectedRun): void {
    this.#safely(run.id, () => {
      if (this.#actors.has(run.id)) return;
      const parent = run.parent === null ? null : (this.#actors.get(run.parent) ?? unknownParent(run.parent));
      this.#register(run.id, parent, run.compiled, run.state);
    });
  }

  #register(run: string, parent: ParentActor | null, compiled: CompiledWorkflow, state: RunState): RunActor {
    const { loader } = this.#options;
    const config = this.#configOf(compiled);
    const masker = this.#maskerOf(compiled.program.definition);
    const actor = new RunActor({ run, parent, compiled, config, state, loader, masker });
    this.#actors.set(run, actor);
    this.#tell({ type: '@xstate.actor', ...about(actor) });
    return actor;
  }

  /** A run that goes on with another version of its workflow is told of anew, with the chart of that. */
  #actorOf(run: string, compiled: CompiledWorkflow, state: RunState): RunActor | undefined {
    const actor = this.#actors.get(run);
    if (actor === undefined || actor.compiled === compiled) return actor;
    return this.#register(run, actor._parent ?? null, compiled, state);
  }

  /** An event was committed. */
  advanced({ run, recorded, state, compiled }: InspectedEvent): void {
    this.#safely(run, () => {
      const actor = this.#actorOf(run, compiled, state);
      if (actor === undefined) return;
      const event = actor.advance(recorded, state);
      this.#tell({ type: '@xstate.event', ...about(actor), sourceRef: sourceOf(actor, recorded), event });
      this.#tell(snapshotEvent(actor, event));
    });
  }

  /** The run ended, or is not driven here any more: nothing is told of it from now on. */
  end(run: string): void {
    const actor = this.#actors.get(run);
    if (actor === undefined) return;
    this.#actors.delete(run);
    actor._parent?.ended.set(actor.id.split(':')[0] ?? '', actor);
  }

  #configOf(compiled: CompiledWorkflow): Json {
    const known = this.#configs.get(compiled);
    if (known !== undefined) return known;
    const config = toMachineConfig(compiled, createDrawing(compiled.program.definition));
    this.#configs.set(compiled, config);
    return config;
  }

  #maskerOf(definition: WorkflowDefinition): Masker {
    const known = this.#maskers.get(definition);
    if (known !== undefined) return known;
    const { env } = this.#options;
    const names = new Set([...definition.canonical.matchAll(/\benv\.(\w+)/g)].map(([, name]) => name as string));
    const secrets = [...names].flatMap((name): [string, string][] => {
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      return value === undefined || value === '' ? [] : [[name, value]];
    });
    const masker = createMasker(new Map(secrets));
    this.#maskers.set(definition, masker);
    return masker;
  }

  #safely(run: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onError(run, error);
    }
  }
}

/** Who sent an event, if it was a run: the one around it, or the child (or round) whose end it tells of. */
function sourceOf(actor: RunActor, { event }: Recorded): ActorRefLike | undefined {
  if (event.type === 'run.started') return actor._parent instanceof RunActor ? actor._parent : undefined;
  if (event.type !== 'effect.completed' && event.type !== 'effect.failed') return undefined;
  return actor.ended.get(event.effect);
}

function unknownParent(sessionId: string): ParentActor {
  return { sessionId, rootId: sessionId, ended: new Map() };
}

function about(actor: RunActor): { readonly rootId: string; readonly actorRef: ActorRefLike } {
  return { rootId: actor.rootId, actorRef: actor };
}

function snapshotEvent(actor: RunActor, event: AnyEventObject): InspectionEvent {
  return { type: '@xstate.snapshot', ...about(actor), event, snapshot: actor.getSnapshot() };
}
