/** Starts runs: each id once, whoever asks and however often. */
import { WorkflowError } from '../../core/errors.ts';
import type { Clock, Random } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import { toDefinition, type Workflow, type WorkflowDefinition } from '../../definition/index.ts';
import type { RunReads } from '../drive/background.ts';
import { checkBreakpoints } from '../steer/breakpoints.ts';
import type { Catalog } from './catalog.ts';
import type { RuleProofs } from '../rule-proofs.ts';
import type { LiveRuns } from './live-runs.ts';
import type { EngineLimits } from '../options.ts';
import {
  checkInput,
  checkRunId,
  checkTags,
  hashInput,
  newRow,
  startedEvent,
  type InputLimits,
  type StartOptions,
} from './start.ts';
import type { Values } from '../dispatch/values.ts';

export interface StarterOptions {
  readonly catalog: Catalog;
  readonly proofs: RuleProofs;
  readonly live: LiveRuns;
  readonly reads: RunReads;
  readonly values: Values;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: InputLimits & Required<Pick<EngineLimits, 'maxRuns'>>;
  /** @throws WorkflowError when nothing new can be begun now */
  readonly checkOpen: () => void;
}

export class Starter {
  readonly #options: StarterOptions;

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  /** Gives the id of the run, when it is stored. @throws InputError; DefinitionError; WorkflowError NOT_FOUND, CONFLICT, LIMIT_EXCEEDED, STORE_* */
  async start(
    workflow: string | Workflow | WorkflowDefinition,
    input: unknown,
    options: StartOptions,
  ): Promise<string> {
    const { catalog, proofs, limits, random } = this.#options;
    const definition = typeof workflow === 'string' ? catalog.find(workflow) : toDefinition(workflow);
    catalog.add(definition);
    if (proofs.open([definition]).length > 0) await proofs.prove([definition]);
    const checked = checkInput(definition, input, limits);
    if (options.tags !== undefined) checkTags(options.tags);
    const { runId } = options;
    if (runId === undefined) return this.#begin(random.uuid(), definition, checked, '', options);
    checkRunId(runId);
    const inputHash = hashInput(checked);
    const found = this.#existing(runId);
    const existing = found instanceof Promise ? await found : found;
    if (existing !== null) return this.#same(existing, definition, inputHash);
    return this.#begin(runId, definition, checked, inputHash, options);
  }

  /** Null at once when there is none: two starts of one id in one turn must not both find none. */
  #existing(id: string): RunRow | null | Promise<RunRow | null> {
    const { live, reads } = this.#options;
    const driver = live.get(id);
    if (driver === undefined || driver.row !== null) return driver?.row ?? reads.readRun(id);
    // It is being started in this very moment.
    return driver.stored.then(
      () => driver.row,
      () => {
        this.#options.checkOpen();
        return reads.readRun(id);
      },
    );
  }

  async #begin(
    id: string,
    definition: WorkflowDefinition,
    input: unknown,
    inputHash: string,
    { tags = [], breakpoints = [] }: StartOptions,
  ): Promise<string> {
    const { live, reads, clock, limits, checkOpen } = this.#options;
    checkOpen();
    if (live.size >= limits.maxRuns)
      throw new WorkflowError('LIMIT_EXCEEDED', `${live.size} runs are in memory, the limit (option limits.maxRuns)`);
    const stops = breakpoints.length === 0 ? {} : { breakpoints: checkBreakpoints(definition, breakpoints) };
    const row = newRow({ id, kind: 'run', definition, inputHash, parent: null, tags, at: clock.now() });
    const driver = live.create(row, definition);
    try {
      await live.post(driver, startedEvent(definition, { v: input }, stops));
      return id;
    } catch (error) {
      // Another process may have started it in this very moment.
      checkOpen();
      const winner = reads.readRun(id);
      if (winner === null) throw error;
      return this.#same(winner, definition, inputHash);
    }
  }

  #same(existing: RunRow, definition: WorkflowDefinition, inputHash: string): string {
    const { id, workflow } = existing;
    if (workflow === definition.name && this.#inputHash(existing) === inputHash) return id;
    const what = workflow === definition.name ? 'with another input' : `of workflow '${workflow}'`;
    throw new WorkflowError('CONFLICT', `run '${id}' exists already, ${what}`);
  }

  /** Of a run that was started without an id of the caller's it is made when somebody asks. */
  #inputHash({ id, inputHash }: RunRow): string {
    return inputHash === '' ? hashInput(this.#options.values.loadOutput({ seq: 1 }, id)) : inputHash;
  }
}
