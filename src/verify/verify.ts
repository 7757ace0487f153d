/** Verifies a workflow: every way through it is looked at, and what goes wrong on one of them is told with that way. */
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import { checkFlow } from './check-flow.ts';
import { checkRules, stepsOfRules } from './check-rules.ts';
import { checkValues } from './check-values.ts';
import { explore, type ExploreOptions } from './explore.ts';
import { bySeverity, type Finding } from './finding.ts';
import type { Bound, Graph } from './graph.ts';
import { worstCase, type WorstCase } from './worst-case.ts';

export type VerifyOptions = Pick<ExploreOptions, 'maxStates'>;

export interface Verification {
  readonly workflow: string;
  readonly version: string;
  /** Nothing in it goes wrong: no finding is an error. Says nothing of what was not explored. */
  readonly ok: boolean;
  /** Errors first. */
  readonly findings: readonly Finding[];
  /** Empty: every way was looked at. */
  readonly bounds: readonly Bound[];
  /** Situations and moves that were explored. */
  readonly explored: { readonly situations: number; readonly moves: number };
  readonly rules: { readonly checked: number; readonly broken: number };
  readonly worst: WorstCase;
}

export function verify(workflow: Workflow | WorkflowDefinition, options: VerifyOptions = {}): Verification {
  const definition = toDefinition(workflow);
  const graph = explore(definition, { ...options, visible: stepsOfRules(definition.rules) });
  return verifyGraph(definition, graph);
}

/** Of a workflow that was explored already. */
export function verifyGraph(definition: WorkflowDefinition, graph: Graph): Verification {
  const broken = checkRules(definition, graph, definition.rules);
  const findings = [...checkValues(definition, graph), ...checkFlow(definition, graph), ...broken].toSorted(bySeverity);
  return {
    workflow: definition.name,
    version: definition.version,
    ok: findings.every(({ severity }) => severity !== 'error'),
    findings,
    bounds: graph.bounds,
    explored: { situations: graph.nodes.length, moves: graph.edges.length },
    rules: { checked: definition.rules.length, broken: broken.length },
    worst: worstCase(definition),
  };
}
