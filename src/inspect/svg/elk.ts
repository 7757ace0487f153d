/** One graph without groups, laid out by ELK. Owns the options; the library is loaded with this file only. */
import type { ElkExtendedEdge, ElkNode, LayoutOptions } from 'elkjs/lib/elk-api.js';
import Elk from 'elkjs/lib/elk.bundled.js';
import { InvariantError } from '../../core/errors.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface GraphNode extends Size {
  readonly id: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Room that its label takes. */
  readonly label: Size | null;
}

export interface PlacedGraph extends Size {
  /** By node: its upper left corner. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** In the order of the edges given. */
  readonly edges: readonly { readonly points: readonly Point[]; readonly label: Point | null }[];
}

/** The order of the definition is the order on the page: first above later, first left of later. */
const options: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.randomSeed': '1',
  'elk.separateConnectedComponents': 'false',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.considerModelOrder.crossingCounterNodeInfluence': '0.01',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
  'elk.layered.spacing.nodeNodeBetweenLayers': '34',
  'elk.layered.spacing.edgeNodeBetweenLayers': '18',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  'elk.spacing.nodeNode': '30',
  'elk.spacing.edgeNode': '20',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.edgeLabel': '4',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
  'elk.layered.feedbackEdges': 'true',
};

const labelOptions: LayoutOptions = { 'elk.edgeLabels.inline': 'true', 'elk.edgeLabels.placement': 'CENTER' };

/** The same graph gives the same places. */
export async function layOutGraph(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Promise<PlacedGraph> {
  // ELK calls its nodes by any text; numbers cannot collide with its own.
  const ids = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const graph: ElkNode = {
    id: 'root',
    layoutOptions: options,
    children: nodes.map(({ id, width, height }): ElkNode => ({ id: ids.get(id) as string, width, height })),
    edges: edges.map(({ from, to, label }, index): ElkExtendedEdge => ({
      id: `e${index}`,
      sources: [ids.get(from) as string],
      targets: [ids.get(to) as string],
      ...(label === null ? {} : { labels: [{ text: '-', ...label, layoutOptions: labelOptions }] }),
    })),
  };
  const root: ElkNode = await new Elk.default().layout(graph);
  const placed = new Map((root.children ?? []).map((child) => [child.id, { x: child.x ?? 0, y: child.y ?? 0 }]));
  return {
    width: root.width ?? 0,
    height: root.height ?? 0,
    nodes: new Map(nodes.map(({ id }) => [id, placed.get(ids.get(id) as string) as Point])),
    edges: (root.edges ?? []).map(routeOf),
  };
}

function routeOf({ id, sections, labels }: ElkExtendedEdge): PlacedGraph['edges'][number] {
  const section = sections?.[0];
  if (section === undefined) throw new InvariantError(`arrow ${id} was not laid out`);
  const label = labels?.[0];
  return {
    points: [section.startPoint, ...(section.bendPoints ?? []), section.endPoint],
    label: label === undefined ? null : { x: label.x ?? 0, y: label.y ?? 0 },
  };
}
