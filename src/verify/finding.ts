/** What verifying finds. Types, and their order. */
import type { GraphEdge } from './graph.ts';

export type FindingCode =
  | 'MISSING_VALUE'
  | 'MISSING_PROMPT'
  | 'EMPTY_VALUE'
  | 'LEFT_OUT'
  | 'UNKNOWN_OUTPUT_FIELD'
  | 'OPTIONAL_FIELD'
  | 'UNREACHABLE_STEP'
  | 'DEADLOCK'
  | 'ENDLESS'
  | 'UNBOUNDED_LOOP'
  | 'RACE'
  | 'RULE_BROKEN'
  | 'RULE_UNKNOWN_SUBJECT'
  | 'FAILURE_ENDS_RUN';

/** `error`: a run can go wrong by it. `warning`: it may not be what was meant. `info`: good to know. */
export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly message: string;
  /** Where in the definition: `steps[3].input.prompt`. */
  readonly path: string;
  readonly hint?: string;
  /** The shortest way to it, as people read it; empty where no way is needed. */
  readonly way: readonly string[];
  /** The moves of that way. */
  readonly moves: readonly GraphEdge[];
}

const order: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

export function bySeverity(a: Finding, b: Finding): number {
  return order[a.severity] - order[b.severity];
}
