/**
 * What a run knows: the context of its machine. Plain data, but for `outer` (the frozen run around a round, given anew when a
 * round is loaded). Outputs are references to the history in the durable engine, and inline values under plain XState.
 */
import type { ErrorData } from '../src/core/errors.ts';
import type { StateWrite } from '../src/core/event.ts';
import type { StoredValue } from '../src/core/stored-value.ts';
import type { Program } from './program.ts';
import type { StepRecord } from './step-record.ts';
import { StepTable } from './step-table.ts';

export type { StepRecord };

export interface RunInfo {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** The round of an items loop that a run is. */
export interface RoundInfo {
  readonly index: number;
  readonly item: StoredValue;
}

/** The run around a round: what its rounds see of it. */
export interface OuterRun {
  readonly program: Program;
  readonly context: RunContext;
  /** Number of the loop in the outer program. */
  readonly loop: number;
  /** Of the run that undoes a round: the round as it ended, and why it is undone. */
  readonly undone?: { readonly context: RunContext; readonly error: ErrorData | null };
  /** Under plain XState, which has no store: the rounds that can be undone, by their ids. */
  readonly rounds?: Map<string, () => RunContext>;
}

/** A write to the state, in the order of the rounds' steps; `expr` is computed anew when it is applied to the outer run. */
export interface LoggedWrite {
  readonly key: string;
  readonly write: StateWrite | { readonly expr: LoggedExpression };
}

export interface LoggedExpression {
  /** Loops on the way from the run that applies it to the step's program. */
  readonly body: readonly number[];
  readonly step: number;
  /** Position among the step's `assign`. */
  readonly at: number;
  /** What it reads besides the state, by path. */
  readonly values: Readonly<Record<string, unknown>>;
  /** By what other names comparisons may call it, of routers' outputs. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
}

/** A signal that came before anybody waited for it. */
export interface KeptSignal {
  readonly name: string;
  readonly output: StoredValue;
  /** What guards will read of the step that takes it. */
  readonly kept?: Readonly<Record<string, unknown>>;
  /** What `match` conditions read, by the source of the path. */
  readonly matching: Readonly<Record<string, unknown>>;
}

/** Something that is undone when the run fails or is cancelled: one visit of a step. */
export interface UndoEntry {
  readonly step: number;
  readonly visit: number;
  readonly attempt: number;
  readonly effect: 'done' | 'unknown';
  /** Of an items loop: what the ids of its rounds begin with. Of a child workflow: the id of its run. */
  readonly runs?: string;
  /** What its compensation may read and another visit may change, as it was then. */
  readonly seen?: {
    readonly steps: readonly (readonly [number, StepRecord])[];
    readonly vars: Readonly<Record<string, number>>;
  };
}

export interface RunContext {
  readonly run: RunInfo;
  /** It runs under plain XState: values are inline, and told as they are. */
  readonly isPlain: boolean;
  readonly input: StoredValue;
  readonly inputKept: Readonly<Record<string, unknown>>;
  readonly steps: StepTable;
  readonly state: Readonly<Record<string, unknown>>;
  /** Number of the step that wrote a var last; only of vars that several steps write. */
  readonly vars: Readonly<Record<string, number>>;
  /** Number of the top-level step that completed last. */
  readonly last: number | null;
  readonly error: ErrorData | null;
  readonly cancelled: { readonly by?: string; readonly why?: string } | null;
  readonly output: StoredValue | null;
  readonly round: RoundInfo | null;
  readonly outer: OuterRun | null;
  /** Oldest first. */
  readonly signals: readonly KeptSignal[];
  /** What is to be undone should the run fail or be cancelled, in the order in which it was done. */
  readonly undo: readonly UndoEntry[];
  /** What is being undone. */
  readonly undoing: UndoEntry | null;
  /** `<step>:<visit>` of what could not be undone. */
  readonly notUndone: readonly string[];
  /** How far the run's compensation got; null: it has not begun. */
  readonly compensation: 'complete' | 'incomplete' | null;
  /** Somebody cancelled the run while it compensated a failure: the next cancel ends it. */
  readonly isCancelAsked: boolean;
  /** Of a round: it ended by `'break'`, so that no further round begins. */
  readonly isBreak: boolean;
  /** Writes of a round, for the run around it. */
  readonly writes: readonly LoggedWrite[];
}

/** What `createActor(machine, { input })` may be given besides the workflow's input itself. */
export const emptyContext: RunContext = Object.freeze({
  run: Object.freeze({ id: '', startedAt: 0 }),
  isPlain: false,
  input: Object.freeze({ v: undefined }),
  inputKept: Object.freeze({}),
  steps: StepTable.empty,
  state: Object.freeze({}),
  vars: Object.freeze({}),
  last: null,
  error: null,
  cancelled: null,
  output: null,
  round: null,
  outer: null,
  signals: Object.freeze([]),
  undo: Object.freeze([]),
  undoing: null,
  notUndone: Object.freeze([]),
  compensation: null,
  isCancelAsked: false,
  isBreak: false,
  writes: Object.freeze([]),
});

/** The context as JSON: everything but `outer`. */
export function contextToJson(context: RunContext): unknown {
  const { outer: _outer, steps, ...rest } = context;
  return { ...rest, steps: steps.toJSON() };
}

export function contextFromJson(json: unknown, outer: OuterRun | null): RunContext {
  const stored = json as Omit<RunContext, 'steps' | 'outer'> & {
    readonly steps: readonly (readonly [number, StepRecord])[];
  };
  return { ...emptyContext, ...stored, steps: StepTable.from(stored.steps), outer };
}
