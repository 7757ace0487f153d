/** `dank-workflow/verify`: what a workflow may do, found by exploring the machine that the engine runs. */
export { explore, type ExploreOptions } from './explore.ts';
export type { Bound, ChartTransition, Graph, GraphEdge, GraphNode } from './graph.ts';
export type { Happening } from './situation.ts';
