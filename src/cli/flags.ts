/** The options of the commands, as commander gives them. */

export interface OutputFlags {
  readonly json?: boolean;
}

export interface ProjectFlags {
  /** A workflow file or the folder that holds one. */
  readonly file?: string;
  readonly agent?: readonly string[];
  readonly allowHost?: readonly string[];
}

export interface StoreFlags {
  readonly store?: string;
}

export interface DriveFlags extends OutputFlags, ProjectFlags, StoreFlags {
  readonly quiet?: boolean;
  readonly timeout?: string;
}

export interface RunFlags extends DriveFlags {
  readonly input?: string;
  readonly runId?: string;
  readonly tag?: readonly string[];
  readonly break?: readonly string[];
  /** False: `--no-verify`. */
  readonly verify?: boolean;
}

export interface LookFlags extends OutputFlags, StoreFlags {
  readonly file?: string;
}

export interface StatusFlags extends LookFlags {
  readonly watch?: boolean;
  readonly exitStatus?: boolean;
}

export interface LogsFlags extends LookFlags {
  readonly follow?: boolean;
}

/** Who does something to a run, and why. */
export interface ReasonFlags {
  readonly by?: string;
  readonly why?: string;
}

export interface ControlFlags extends DriveFlags, ReasonFlags {}

export interface SignalFlags extends DriveFlags, Pick<ReasonFlags, 'by'> {
  readonly input?: string;
}

export interface AnswerFlags extends SignalFlags {
  readonly approve?: boolean;
  readonly reject?: boolean;
  readonly comment?: string;
}

/** Which runs. */
export interface FilterFlags {
  readonly workflow?: string;
  readonly workflowVersion?: string;
  readonly status?: readonly string[];
  readonly waitingFor?: readonly string[];
  readonly tag?: string;
  readonly parent?: string;
  readonly input?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly updatedSince?: string;
  readonly updatedUntil?: string;
}

export interface RunsFlags extends LookFlags, FilterFlags {
  readonly sort?: string;
  readonly order?: string;
  readonly limit?: string;
  readonly after?: string;
}

export interface PruneFlags extends LookFlags, FilterFlags {
  readonly olderThan?: string;
  readonly archive?: string;
  readonly dryRun?: boolean;
  readonly all?: boolean;
}

export interface ExportFlags extends LookFlags, FilterFlags {
  readonly output?: string;
}

export interface ImportFlags extends LookFlags {
  readonly skipExisting?: boolean;
}

export interface InitFlags extends OutputFlags {
  readonly yaml?: boolean;
}

export interface InspectFlags extends LookFlags {
  readonly port?: string;
  readonly viewer?: string;
  /** A pause between events. */
  readonly step?: string;
}

export interface DrawFlags extends LookFlags, ProjectFlags {
  readonly format?: string;
  readonly output?: string;
  readonly theme?: string;
  /** Id of a run. */
  readonly run?: string;
  /** A JSON file. */
  readonly coverage?: string;
}

export interface EventsFlags extends LookFlags {
  readonly from?: string;
  readonly limit?: string;
}

export interface RerunFlags extends ControlFlags {
  readonly yes?: boolean;
}

export interface RetryFlags extends RerunFlags {
  readonly from?: string;
}

export interface CompleteFlags extends ControlFlags {
  readonly input?: string;
}

export interface EditsFlags {
  readonly state?: string;
  readonly output?: readonly string[];
}

export interface EditFlags extends ControlFlags, EditsFlags {}

export interface ForkFlags extends RerunFlags, EditsFlags {
  readonly at: string;
  readonly input?: string;
  readonly runId?: string;
}

export interface BreakFlags extends ControlFlags {
  readonly after?: boolean;
  readonly remove?: boolean;
}

export interface MigrateFlags extends ControlFlags {
  readonly from?: string;
  readonly to?: string;
  readonly rename?: readonly string[];
  readonly dryRun?: boolean;
}

export interface VerifyFlags extends LookFlags, ProjectFlags {
  readonly mermaid?: boolean;
  /** A workflow file, or the folder that holds one. */
  readonly against?: string;
  readonly maxStates?: string;
}

export interface TestFlags extends LookFlags, ProjectFlags {
  /** A file to write. */
  readonly coverage?: string;
  readonly maxStates?: string;
  /** Files of recorded runs, or folders of them. */
  readonly history?: readonly string[];
  readonly rerun?: boolean;
  /** False: `--no-paths`. */
  readonly paths?: boolean;
}

export interface SimulateFlags extends OutputFlags, ProjectFlags {
  readonly seeds?: string;
  readonly from?: string;
  readonly seed?: string;
  readonly crashMatrix?: boolean;
  readonly input?: string;
}
