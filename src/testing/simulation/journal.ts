/** What a simulation has seen, for the invariants to be judged by: calls, answers, commits, commands, and what broke already. */
import type { EffectCompleted, RunRebased } from '../../core/event.ts';
import type { Commit, StoredEvent } from '../../core/ports.ts';
import { endedStatuses, type RunStatus } from '../../core/run.ts';
import type { RunEvent } from '../../engine/read/run-events.ts';

/** A broken invariant. Numbers are those of docs/testing.md. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

/** One call of the outside. */
export interface SeenCall {
  readonly run: string;
  readonly step: string;
  readonly visit: number;
  readonly attempt: number;
  readonly key: string;
  /** When, in real time; milliseconds since 1970. */
  readonly at: number;
  /** Events of the run that were committed when it was made. */
  readonly committed: number;
}

export interface SeenCommand {
  /** Who: unique, and found again in the history. */
  readonly by: string;
  /** The type of the event that it leads to. */
  readonly kind: string;
  /** What people call it. @default kind */
  readonly name?: string;
  readonly run: string;
  readonly input?: unknown;
  state: 'sent' | 'acknowledged' | 'refused';
  /** What was left in the inbox, when it went there. */
  left?: { readonly entry: number; readonly data: string };
}

/** What was told to one who listens to a run. */
export interface SeenStream {
  readonly run: string;
  readonly told: RunEvent[];
}

/** A run that goes on from an event of another, and what was said of it before. */
export interface SeenFork {
  readonly run: string;
  /** Steps that it would carry out once more. */
  readonly repeats: ReadonlySet<string>;
  /** Of the other run, until then. */
  readonly calls: readonly SeenCall[];
}

export class Journal {
  readonly calls: SeenCall[] = [];
  readonly commands: SeenCommand[] = [];
  readonly streams: SeenStream[] = [];
  readonly forks: SeenFork[] = [];
  /** Until when an output is in the cache, by its key; milliseconds since 1970. */
  readonly cached = new Map<string, number>();
  /** Attempts of which somebody heard that their completion was taken. */
  readonly completions: Pick<SeenCall, 'run' | 'step' | 'visit' | 'attempt'>[] = [];
  readonly violations: Violation[] = [];
  /** Outputs that the outside gave, as JSON, by `run|step|visit|attempt`, and by `step`. */
  readonly answers = new Map<string, Set<string>>();
  /** Entries of the inbox that were removed without having been applied, and how long the run's history was then. */
  readonly dropped = new Map<number, number>();
  /** Runs that an engine left for a good reason: somebody has to continue them. */
  readonly left = new Set<string>();
  /** All that were written. */
  readonly checkpoints: { readonly run: string; readonly seq: number; readonly snapshot: string }[] = [];
  /** Outputs of runs as engines told them last, as JSON. */
  readonly outputs = new Map<string, string>();
  readonly #results = new Map<string, number>();
  readonly #seqs = new Map<string, number>();
  readonly #statuses = new Map<string, RunStatus>();
  /** Whether a crash may forget the last moments (`durability: 'async'`). */
  isForgetful = false;
  /** Whether a clock was ever changed: what is early is not known then. */
  hasJumped = false;

  /** How often what happened, by its name. */
  readonly #seen = new Map<string, number>();

  saw(what: string): void {
    this.#seen.set(what, (this.#seen.get(what) ?? 0) + 1);
  }

  /** How often what happened: events, ends of runs, what was said to them and what went wrong. */
  get seen(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#seen].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  violate(invariant: string, message: string): void {
    // One is enough to tell of each; a broken engine breaks many.
    if (this.violations.length < 20) this.violations.push({ invariant, message });
  }

  /** What the store has acknowledged. */
  committed(batch: readonly Commit[]): void {
    for (const commit of batch) {
      const { run, events } = commit;
      const status = commit.create?.status ?? commit.update?.status;
      const before = this.#statuses.get(run);
      const isReopened = events[0]?.type === 'run.rebased';
      if (before !== undefined && endedStatuses.has(before) && !isReopened)
        this.violate('I7', `run '${run}' was written to after it had ended as ${before}`);
      for (const event of events) this.#event(run, event);
      if (commit.checkpoint !== undefined) this.checkpoints.push({ run, ...commit.checkpoint });
      if (status !== undefined && endedStatuses.has(status)) this.saw(`a run ${status}`);
      if (status !== undefined) this.#statuses.set(run, status);
    }
  }

  #event(run: string, { seq, type, data }: StoredEvent): void {
    const expected = (this.#seqs.get(run) ?? 0) + 1;
    if (seq !== expected) this.violate('I2', `run '${run}' got event ${seq} where ${expected} was next`);
    this.#seqs.set(run, seq);
    this.saw(type === 'run.rebased' ? `${type} ${(JSON.parse(data) as RunRebased).kind}` : type);
    if (type !== 'effect.completed' && type !== 'effect.failed') return;
    const { effect, visit, attempt } = JSON.parse(data) as EffectCompleted;
    this.#results.set(callKey({ run, step: effect, visit, attempt }), seq);
  }

  /** Seq of the event that holds the result of what is called; null when there is none. */
  resultOf(call: SeenCall): number | null {
    return this.#results.get(callKey(call)) ?? null;
  }

  /** Events that were acknowledged, of a run. */
  lengthOf(run: string): number {
    return this.#seqs.get(run) ?? 0;
  }

  get runs(): Iterable<string> {
    return this.#seqs.keys();
  }

  gave(call: Pick<SeenCall, 'run' | 'step' | 'visit' | 'attempt'>, output: unknown): void {
    // What is in the cache was given to that step of some run.
    for (const key of [callKey(call), call.step]) {
      const given = this.answers.get(key) ?? new Set();
      this.answers.set(key, given.add(JSON.stringify(output) ?? 'undefined'));
    }
  }
}

export function callKey({ run, step, visit, attempt }: Pick<SeenCall, 'run' | 'step' | 'visit' | 'attempt'>): string {
  return `${run}|${step}|${visit}|${attempt}`;
}
