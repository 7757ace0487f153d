/**
 * Moves live runs to another version of their workflow: each by a rebase, those that can. Owns which runs are looked at and what is
 * told of them; how a state is moved is `machines/migrated.ts`.
 */
import type { RunState } from '../../core/advance.ts';
import { WorkflowError } from '../../core/errors.ts';
import { formatIssue } from '../../core/issue.ts';
import { isPlainObject } from '../../core/json.ts';
import type { RunRebased } from '../../core/event.ts';
import type { Clock, Store } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import { materialize } from '../../core/stored-value.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import type { CompiledWorkflow } from '../../../machines/compiled-workflow.ts';
import type { RunContext } from '../../../machines/context.ts';
import { kernelOf } from '../../../machines/kernel-of.ts';
import { migrated } from '../../../machines/migrated.ts';
import { persistState } from '../../../machines/persist.ts';
import { compileWorkflow, machineFormat } from '../../../machines/workflow.ts';
import { missingAhead } from './ahead.ts';
import type { Catalog } from '../runs/catalog.ts';
import { plainData, type Reason } from './commands.ts';
import type { RunDriver } from '../drive/driver.ts';
import { fingerprintsOf } from '../drive/functions.ts';
import type { LiveRuns } from '../runs/live-runs.ts';
import { loadRun } from '../runs/load.ts';
import type { Place } from '../drive/rebase.ts';
import type { Values } from '../dispatch/values.ts';

export interface MigrateOptions extends Reason {
  /** Name, id or title. */
  readonly workflow: string;
  /** The version to move to; of several definitions of it the one that is registered. @default the last one registered */
  readonly to?: string;
  /** The version to move from. @default all others */
  readonly from?: string;
  /** New ids of steps, by their old ones. */
  readonly steps?: Readonly<Record<string, string>>;
  /** The run's state in the new version, from that in the old one; keys that the new one begins with are there already. */
  readonly transform?: (state: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** Only tells what would be. @default false */
  readonly dryRun?: boolean;
}

/** What became of one run, or would. */
export interface MigratedRun {
  readonly runId: string;
  readonly version: string;
  /** Why it cannot move, and stays as it is; empty: it moved, or can. */
  readonly problems: readonly string[];
}

export interface MigrationReport {
  readonly workflow: string;
  readonly version: string;
  readonly dryRun: boolean;
  /** How many moved, or can. */
  readonly moved: number;
  readonly stayed: number;
  /** In the order in which they were started. */
  readonly runs: readonly MigratedRun[];
}

export interface MigrationPorts {
  readonly store: Store;
  readonly live: LiveRuns;
  readonly catalog: Catalog;
  readonly values: Values;
  readonly clock: Clock;
  readonly maxBytes: number;
}

/** Runs whose events are made before they are waited for. */
const atOnce = 500;

export class Migrations {
  readonly #ports: MigrationPorts;

  constructor(ports: MigrationPorts) {
    this.#ports = ports;
  }

  /** @throws WorkflowError NOT_FOUND: no such workflow or version; REQUEST_INVALID: `steps` names one that is not there */
  async migrate(options: MigrateOptions): Promise<MigrationReport> {
    const { catalog } = this.#ports;
    const definition = catalog.find(options.workflow, options.to ?? null);
    const to = compileWorkflow(definition);
    for (const id of Object.values(options.steps ?? {})) {
      if (!to.program.byId.has(id))
        throw new WorkflowError(
          'REQUEST_INVALID',
          `version '${definition.version}' of workflow '${definition.name}' has no step '${id}'`,
        );
    }
    const rows = [...this.#rows(definition, options.from)].reverse();
    const runs: MigratedRun[] = [];
    for (let from = 0; from < rows.length; from += atOnce) {
      const page = rows.slice(from, from + atOnce).map((row) => this.#one(row, to, options));
      runs.push(...(await Promise.all(page)));
    }
    const moved = runs.filter(({ problems }) => problems.length === 0).length;
    const { name, version } = definition;
    return { workflow: name, version, dryRun: options.dryRun === true, moved, stayed: runs.length - moved, runs };
  }

  /** Unfinished runs of the workflow that are bound to another definition, newest first. */
  *#rows({ name, hash }: WorkflowDefinition, from: string | undefined): Generator<RunRow> {
    const filter = {
      workflow: name,
      status: ['pending', 'running', 'paused'],
      kind: ['run', 'child'],
      limit: atOnce,
      ...(from === undefined ? {} : { version: from }),
    } as const;
    for (let after: string | undefined; ;) {
      const page = this.#ports.store.listRuns({ ...filter, ...(after === undefined ? {} : { after }) });
      for (const row of page) if (row.hash !== hash) yield row;
      after = page.at(-1)?.id;
      if (page.length < atOnce) return;
    }
  }

  async #one(row: RunRow, to: CompiledWorkflow, options: MigrateOptions): Promise<MigratedRun> {
    const told = { runId: row.id, version: row.version };
    try {
      return { ...told, problems: await this.#move(row.id, to, options) };
    } catch (error) {
      // One run that cannot be read, or whose state the author's function cannot take, is no reason to leave the others.
      return { ...told, problems: [error instanceof Error ? error.message : String(error)] };
    }
  }

  async #move(id: string, to: CompiledWorkflow, options: MigrateOptions): Promise<readonly string[]> {
    const { live, clock } = this.#ports;
    const known = live.get(id) ?? loadRun(live.loading, id);
    const trial = this.#moved(id, known, to, options, { seq: known.state.seq + 1, at: clock.now() });
    if (trial.problems.length > 0 || options.dryRun === true) return trial.problems;
    const told = live.tell(id, (driver) =>
      driver.rebase((place) => this.#rebase(driver, to, options, place), {
        target: { compiled: to, kernel: kernelOf(to) },
      }),
    );
    if (told === null) return ['another process drives it: migrate it there, or when that has ended'];
    const applied = await told;
    return 'refused' in applied ? [applied.refused] : [];
  }

  /** @throws WorkflowError CONFLICT when it cannot move from where it is now */
  #rebase(driver: RunDriver, to: CompiledWorkflow, options: MigrateOptions, place: Place): RunRebased {
    const { state, problems } = this.#moved(driver.id, driver, to, options, place);
    if (problems.length > 0) throw new WorkflowError('CONFLICT', problems.join('; '));
    const { by, why } = options;
    const { version, hash } = to.program.definition;
    return {
      type: 'run.rebased',
      kind: 'migrate',
      version,
      hash,
      format: machineFormat,
      snapshot: persistState({ ...state, functions: fingerprintsOf(to.program.definition) }),
      ...(driver.state.epoch === 1 ? {} : { previous: driver.state.epoch }),
      ...(by === undefined ? {} : { by }),
      ...(why === undefined ? {} : { why }),
    };
  }

  #moved(
    id: string,
    { compiled, state }: { readonly compiled: CompiledWorkflow; readonly state: RunState },
    to: CompiledWorkflow,
    { steps = {}, transform = (same) => same }: MigrateOptions,
    place: Place,
  ): { readonly state: RunState; readonly problems: readonly string[] } {
    const { values, maxBytes } = this.#ports;
    const kernel = kernelOf(to);
    const moved = migrated(
      {
        from: compiled,
        to,
        kernel,
        renamed: steps,
        load: (stored) => materialize(stored, values, id),
        transform: (before) => checkedState(transform(before), maxBytes),
      },
      state,
      place,
    );
    if (moved.problems.length > 0) return moved;
    const ahead = [...this.#inputProblems(id, to, moved.state), ...missingAhead(to.program, moved.state)];
    return { state: moved.state, problems: ahead };
  }

  /** The input was checked against another schema. */
  #inputProblems(id: string, { program }: CompiledWorkflow, state: RunState): readonly string[] {
    const { input } = program.definition;
    if (input === null) return [];
    const { context } = state.snapshot as { readonly context: RunContext };
    const parsed = input.parse(materialize(context.input, this.#ports.values, id));
    return 'issues' in parsed ? parsed.issues.map((issue) => `its input does not fit: ${formatIssue(issue)}`) : [];
  }
}

/** @throws WorkflowError REQUEST_INVALID */
function checkedState(state: unknown, maxBytes: number): Readonly<Record<string, unknown>> {
  const plain = plainData(state, 'the state that transform gave', maxBytes);
  if (isPlainObject(plain)) return plain;
  throw new WorkflowError('REQUEST_INVALID', 'transform gives the new state: an object');
}
