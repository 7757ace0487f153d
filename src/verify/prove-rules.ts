/** The author's rules alone, before a workflow is used: whether they hold on every path. What else may go wrong is `verify`'s. */
import type { WorkflowDefinition } from '../definition/index.ts';
import { checkRules, stepsOfRules } from './check-rules.ts';
import { explore, type ExploreOptions } from './explore.ts';
import type { Finding } from './finding.ts';
import type { Bound } from './graph.ts';

/** Raised when rules are judged otherwise than before, so that what was proven earlier is looked at again. */
export const proofFormat = 1;

export interface RulesProof {
  /** Rules that do not hold, each with the shortest path that breaks it. */
  readonly broken: readonly Finding[];
  /** Empty: every path was looked at. */
  readonly bounds: readonly Bound[];
}

export function proveRules(
  definition: WorkflowDefinition,
  options: Pick<ExploreOptions, 'maxStates'> = {},
): RulesProof {
  const { rules } = definition;
  if (rules.length === 0) return { broken: [], bounds: [] };
  const graph = explore(definition, { ...options, visible: stepsOfRules(rules) });
  return { broken: checkRules(definition, graph, rules), bounds: graph.bounds };
}
