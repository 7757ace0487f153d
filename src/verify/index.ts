/** `dank-workflow/verify`: what a workflow may do, found by exploring the machine that the engine runs. */
export { explore, type ExploreOptions } from './explore.ts';
export type { Bound, ChartTransition, Graph, GraphEdge, GraphNode } from './graph.ts';
export type { Happening } from './situation.ts';
export { verify, verifyGraph, type Verification, type VerifyOptions } from './verify.ts';
export type { Finding, FindingCode, Severity } from './finding.ts';
export { worstCase, type WorstCase } from './worst-case.ts';
export { diff, type Difference, type PathChange } from './diff.ts';
export { always, atMost, exclusive, leadsTo, never, precedes } from './rules.ts';
export { differenceText, findingMermaid, verificationJson, verificationText } from './report.ts';
export { coverageOf, seenBy, type PathCoverage, type SeenChart, type Share } from './coverage.ts';
export { pathsOf, type Path, type Paths } from './paths.ts';
