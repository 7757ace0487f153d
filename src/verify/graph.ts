/** What exploring gives: every situation a run can be in, and what leads from one to the next. Types only. */
import type { ErrorData } from '../core/errors.ts';
import type { Binding } from './bindings.ts';
import type { MoveKind } from './move.ts';
import type { Happening } from './situation.ts';

/** One transition of the statechart. */
export interface ChartTransition {
  readonly id: number;
  /** Id of the state it leaves, as XState has it. */
  readonly source: string;
  readonly targets: readonly string[];
  /** The event, '' for one that is taken at once. */
  readonly event: string;
  /** The guard as it is named, with what tells it apart from others of that name. */
  readonly guard: string | null;
}

export interface GraphNode {
  readonly id: number;
  /** Ids of the states of the chart in which it stands: leaves only. */
  readonly states: readonly string[];
  /** How the run has ended; null while it goes on. */
  readonly end: 'completed' | 'failed' | 'cancelled' | null;
}

export interface GraphEdge {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly kind: MoveKind;
  /** As people read it: `publish-blog fails`. */
  readonly label: string;
  /** The step it is about; null for the run. */
  readonly step: string | null;
  /** The effect, timer or signal. */
  readonly about: string;
  readonly outcome: string;
  /** With which an effect fails; null of all other moves. */
  readonly error: ErrorData | null;
  /** Loops in whose round it happens, outermost first. */
  readonly rounds: readonly string[];
  readonly happenings: readonly Happening[];
  /** Numbers of the chart's transitions that were taken. */
  readonly transitions: readonly number[];
  /** What it did to timers, in order. */
  readonly timers: readonly TimerChange[];
  /** Values from outside that were read here for the first time. */
  readonly bindings: readonly Binding[];
  /** A condition was decided without data: none was found that does. */
  readonly isFree: boolean;
  /** It follows at once: how a loop goes on from the end of a round. */
  readonly isUrgent: boolean;
}

/** A timer was set, or set anew, or taken back; or all that a loop's rounds had set are gone. */
export type TimerChange =
  | { readonly type: 'set'; readonly rounds: readonly string[]; readonly name: string; readonly ms: number }
  | { readonly type: 'cancelled'; readonly rounds: readonly string[]; readonly name: string }
  /** `rounds`: up to that loop. */
  | { readonly type: 'dropped'; readonly rounds: readonly string[] };

/** What was not explored, and why. */
export interface Bound {
  readonly what: string;
}

export interface Graph {
  /** The first is where a run begins. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Edges that leave a node, by the node's number. */
  readonly leaving: readonly (readonly GraphEdge[])[];
  readonly transitions: readonly ChartTransition[];
  /** Empty: every situation was explored. */
  readonly bounds: readonly Bound[];
}
