/**
 * What a picture of a workflow shows, before any format: boxes (steps, groups, where a run begins and ends) and arrows. Made
 * from the definition by `build.ts`; all formats are written from it. Owns the shapes only.
 */

export type NodeKind =
  /** Where a run begins, and where one that succeeds ends. */
  | 'start'
  | 'end'
  /** Where the steps after a failure begin, and where they end. */
  | 'failure'
  | 'failed'
  /** Inside a group: on to the next item of its loop, out of its loop; only where a router says so. An `end` may be inside too. */
  | 'next'
  | 'break'
  | 'step'
  /** A step with steps inside, or the steps after a failure. */
  | 'group';

/** Why a step is there: in the sequence, or for another step. */
export type NodeRole = 'step' | 'recovery' | 'compensation' | 'poll';

export interface DrawingNode {
  /** The step's id; ids that begin with `$` are ours. */
  readonly id: string;
  readonly kind: NodeKind;
  readonly role: NodeRole;
  /** The step's type (of a type of one's own: its name); null for what is no step. */
  readonly type: string | null;
  /** The group it stands in; null at the top. */
  readonly parent: string | null;
  /** Of a group: whether what is inside goes on side by side. */
  readonly isParallel: boolean;
  readonly label: string;
  /** What it works on: an agent, an address, a condition. */
  readonly detail: string | null;
  /** Whether `detail` is an expression. */
  readonly isCode: boolean;
  /** Its own condition: it is skipped when that is false. */
  readonly condition: string | null;
  /** Retries, timeouts, limits: short texts. */
  readonly notes: readonly string[];
  readonly description: string | null;
}

export type EdgeKind =
  | 'flow'
  /** To a step that ran before: a jump back, the next round of a loop. */
  | 'back'
  | 'error'
  | 'timeout'
  /** To the step that undoes what the other did. */
  | 'compensation';

export interface DrawingEdge {
  /** Id of a node. */
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  /** In the order of the definition; branches of a router that lead to the same step are on one arrow. */
  readonly labels: readonly string[];
}

export interface Drawing {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly description: string | null;
  /** Groups before what is in them, else in the order of the definition. */
  readonly nodes: readonly DrawingNode[];
  readonly edges: readonly DrawingEdge[];
}

/** What happened, as `run.events()` tells it; other fields and other types of events are not looked at. */
export interface DrawnEvent {
  readonly type: string;
  readonly step?: string;
  readonly visit?: number;
  readonly attempt?: number;
  readonly branch?: string;
  readonly why?: string;
}
