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

export interface InitFlags extends OutputFlags {
  readonly yaml?: boolean;
}
