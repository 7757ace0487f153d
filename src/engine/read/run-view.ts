/**
 * Looks at a run in the store without driving it: for other processes than the one that does, and for runs that ended. Needs
 * none of the workflow's code: the definition is in the store. Reads only.
 */
import { createAgentRegistry } from '../../agents/registry.ts';
import { WorkflowError } from '../../core/errors.ts';
import type { RunStarted } from '../../core/event.ts';
import type { Store } from '../../core/ports.ts';
import { endedStatuses } from '../../core/run.ts';
import { materialize } from '../../core/stored-value.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import type { RunContext } from '../../../machines/context.ts';
import { Catalog } from '../runs/catalog.ts';
import { decodeEvent } from '../drive/codec.ts';
import { loadRun, Replay, type Loading } from '../runs/load.ts';
import { runReport, stepReports, StepTimes } from './report.ts';
import { toRunEvent, type RunEvent } from './run-events.ts';
import type { RunReport, StepReport } from './run.ts';
import { storedTasks } from './stored-run.ts';
import type { Task } from './tasks.ts';
import { Values } from '../dispatch/values.ts';

export class RunView {
  readonly id: string;
  readonly definition: WorkflowDefinition;
  readonly #store: Store;
  readonly #values: Values;
  readonly #loading: Loading;
  readonly #replay: Replay;
  readonly #times = new StepTimes();

  /** @throws WorkflowError NOT_FOUND, STORE_* */
  constructor(store: Store, id: string) {
    const row = store.readRun(id);
    if (row === null) throw new WorkflowError('NOT_FOUND', `no run '${id}'`);
    const catalog = new Catalog([], createAgentRegistry(), store);
    this.id = id;
    this.definition = catalog.ofRun(row);
    this.#store = store;
    this.#values = new Values(store);
    this.#loading = { store, catalog };
    this.#replay = new Replay(this.#loading, id);
  }

  /** What happened since the last call; all of it at the first. */
  update(): readonly RunEvent[] {
    return [...this.#replay.next()].flatMap(({ recorded, advanced }) => {
      this.#times.add(recorded, advanced);
      return advanced.lifecycle.map((event) => toRunEvent(event, recorded, this.id, this.#values));
    });
  }

  report(): RunReport {
    const row = this.#store.readRun(this.id);
    if (row === null) throw new WorkflowError('NOT_FOUND', `run '${this.id}' is not in the store any more`);
    return runReport(row, this.#values);
  }

  /** As of the last {@link update}, in the order of the definition. */
  steps(): readonly StepReport[] {
    const { context } = this.#replay.state.snapshot as { readonly context: RunContext };
    return stepReports(this.#replay.compiled.program, context, this.#times);
  }

  /** What the run was started with. Undefined for the round of a loop: it sees the run around it. */
  input(): unknown {
    const first = this.#store.readEvent(this.id, 1);
    if (first === null || (decodeEvent(first).event as RunStarted).parent !== undefined) return undefined;
    const { context } = loadRun(this.#loading, this.id).state.snapshot as { readonly context: RunContext };
    return materialize(context.input, this.#values, this.id);
  }

  /** Whether it waits for a person and nothing else goes on: no effect, no pause or next attempt of another branch. */
  isWaitingForPerson(): boolean {
    const row = this.#store.readRun(this.id);
    if (row?.endedAt !== null || row.waitingFor !== 'human') return false;
    const { effects, timers } = loadRun(this.#loading, this.id).state;
    return effects.size === 0 && [...timers.keys()].every((name) => /^(timeout|total):/.test(name));
  }

  /** What waits for a person, in it and in the rounds and children below it. */
  tasks(): readonly Task[] {
    return storedTasks(this.#store, {}, (id) => id === this.id || id.startsWith(`${this.id}/`));
  }

  /** Whether it has paused itself. */
  isAtBreakpoint(): boolean {
    if (this.#store.readRun(this.id)?.status !== 'paused') return false;
    return loadRun(this.#loading, this.id).state.pause?.by === 'breakpoint';
  }

  /** Whether a living process drives it. */
  isDriven(): boolean {
    const row = this.#store.readRun(this.id);
    return row !== null && !endedStatuses.has(row.status) && this.#store.isOwnedElsewhere(this.id);
  }
}
