/**
 * Places boxes and arrows: groups from the inside out, each a graph of its own (no arrow crosses the border of a group), parts
 * that nothing joins beside each other in rows. How one graph is laid out is `elk.ts`.
 */
import type { Drawing, DrawingEdge, DrawingNode } from '../drawing/drawing.ts';
import { fonts, type Box } from './box.ts';
import type { GraphEdge, PlacedGraph, Point, Size } from './elk.ts';
import { straightened } from './straighten.ts';
import { cutText, textWidth } from './text.ts';

export type { Point } from './elk.ts';

export interface PlacedBox extends Point, Size {
  readonly box: Box;
}

export interface PlacedEdge {
  readonly edge: DrawingEdge;
  readonly points: readonly Point[];
  readonly label: (Point & { readonly text: string; readonly width: number }) | null;
}

export interface Layout extends Size {
  /** Groups before what is in them. */
  readonly boxes: readonly PlacedBox[];
  readonly edges: readonly PlacedEdge[];
}

export const labelHeight = 19;
const maxLabel = 190;
const padding = 16;
const gap = { x: 30, y: 26 };
/** A row of parallel branches that is wider goes on in the next one. */
const maxRow = 1_080;

export async function layOut(drawing: Drawing, boxes: ReadonlyMap<string, Box>): Promise<Layout> {
  const { layOutGraph } = await import('./elk.ts');
  return new Placer(drawing, boxes, layOutGraph).inside(null);
}

class Placer {
  readonly #boxes: ReadonlyMap<string, Box>;
  readonly #graph: (typeof import('./elk.ts'))['layOutGraph'];
  readonly #members: ReadonlyMap<string | null, readonly DrawingNode[]>;
  readonly #edges: ReadonlyMap<string | null, readonly DrawingEdge[]>;

  constructor(drawing: Drawing, boxes: ReadonlyMap<string, Box>, graph: (typeof import('./elk.ts'))['layOutGraph']) {
    this.#boxes = boxes;
    this.#graph = graph;
    this.#members = Map.groupBy(drawing.nodes, ({ parent }) => parent);
    const parents = new Map(drawing.nodes.map(({ id, parent }) => [id, parent]));
    this.#edges = Map.groupBy(drawing.edges, ({ from }) => parents.get(from) ?? null);
  }

  /** What is in a group, or all; from the corner of what is inside. */
  async inside(parent: string | null): Promise<Layout> {
    const nodes = this.#members.get(parent) ?? [];
    const edges = this.#edges.get(parent) ?? [];
    const parts: Layout[] = [];
    for (const part of componentsOf(nodes, edges)) parts.push(await this.#part(leftToRight(part), edges));
    return inRows(parts);
  }

  /** Nodes that arrows join. */
  async #part(nodes: readonly DrawingNode[], all: readonly DrawingEdge[]): Promise<Layout> {
    const ids = new Set(nodes.map(({ id }) => id));
    const edges = asideLast(all.filter(({ from }) => ids.has(from)));
    const inner = new Map<string, Layout>();
    for (const { id, kind } of nodes) if (kind === 'group') inner.set(id, await this.#group(id));
    const sizes = nodes.map(({ id }) => {
      const { width, height } = inner.get(id) ?? (this.#boxes.get(id) as Box);
      return { id, width, height };
    });
    const graph = straightened(sizes, edges, await this.#graph(sizes, edges.map(toGraphEdge)));
    const placed = nodes.map(({ id }) => {
      const at = graph.nodes.get(id) as Point;
      const group = inner.get(id);
      const box = this.#boxes.get(id) as Box;
      return group === undefined ? leaf(box, at) : moved(group, at);
    });
    return {
      width: graph.width,
      height: graph.height,
      boxes: placed.flatMap((each) => each.boxes),
      edges: [...placed.flatMap((each) => each.edges), ...edges.map((edge, index) => placedEdge(edge, graph, index))],
    };
  }

  /** A group with its border and heading. */
  async #group(id: string): Promise<Layout> {
    const box = this.#boxes.get(id) as Box;
    const content = await this.inside(id);
    const width = Math.max(box.width, content.width + 2 * padding);
    const height = box.height + content.height + padding;
    const { boxes, edges } = moved(content, { x: (width - content.width) / 2, y: box.height });
    return { width, height, boxes: [{ box, x: 0, y: 0, width, height }, ...boxes], edges };
  }
}

/** The arrows that lead to what undoes a step come last: they leave it on the right. */
function asideLast(edges: readonly DrawingEdge[]): readonly DrawingEdge[] {
  return edges.toSorted((a, b) => Number(a.kind === 'compensation') - Number(b.kind === 'compensation'));
}

/** What undoes a step stands on the right of what runs when all goes well. */
function leftToRight(nodes: readonly DrawingNode[]): readonly DrawingNode[] {
  const isAside = ({ role }: DrawingNode): number => (role === 'compensation' ? 1 : 0);
  return nodes.toSorted((a, b) => isAside(a) - isAside(b));
}

function toGraphEdge({ from, to, labels }: DrawingEdge): GraphEdge {
  const text = labelText(labels);
  const width = text === null ? 0 : Math.ceil(textWidth(text, fonts.label) + 16);
  return { from, to, label: text === null ? null : { width, height: labelHeight } };
}

function labelText(labels: readonly string[]): string | null {
  return labels.length === 0 ? null : cutText(labels.join(', '), fonts.label, maxLabel);
}

function placedEdge(edge: DrawingEdge, graph: PlacedGraph, index: number): PlacedEdge {
  const { points, label } = graph.edges[index] as PlacedGraph['edges'][number];
  const text = labelText(edge.labels);
  const { label: size } = toGraphEdge(edge);
  if (label === null || text === null || size === null) return { edge, points, label: null };
  return { edge, points, label: { ...label, text, width: size.width } };
}

function leaf(box: Box, { x, y }: Point): Layout {
  const { width, height } = box;
  return { width, height, boxes: [{ box, x, y, width, height }], edges: [] };
}

function moved(layout: Layout, { x, y }: Point): Layout {
  const move = <P extends Point>(point: P): P => ({ ...point, x: point.x + x, y: point.y + y });
  return {
    ...layout,
    boxes: layout.boxes.map(move),
    edges: layout.edges.map(({ edge, points, label }) => ({
      edge,
      points: points.map(move),
      label: label === null ? null : move(label),
    })),
  };
}

/** In the order of their first nodes. */
function componentsOf(
  nodes: readonly DrawingNode[],
  edges: readonly DrawingEdge[],
): readonly (readonly DrawingNode[])[] {
  const leader = new Map(nodes.map(({ id }) => [id, id]));
  const find = (id: string): string => {
    const next = leader.get(id) as string;
    return next === id ? id : find(next);
  };
  for (const { from, to } of edges) leader.set(find(to), find(from));
  return [...Map.groupBy(nodes, ({ id }) => find(id)).values()];
}

/** Side by side, in rows, each part at the top of its row; rows are centred. */
function inRows(parts: readonly Layout[]): Layout {
  const rows: Layout[][] = [];
  let width = 0;
  for (const part of parts) {
    const row = rows.at(-1);
    if (row !== undefined && width + gap.x + part.width <= maxRow) {
      row.push(part);
      width += gap.x + part.width;
    } else {
      rows.push([part]);
      width = part.width;
    }
  }
  const widthOf = (row: readonly Layout[]): number =>
    row.reduce((sum, part) => sum + part.width, (row.length - 1) * gap.x);
  const whole = Math.max(0, ...rows.map(widthOf));
  const placed: Layout[] = [];
  let y = 0;
  for (const row of rows) {
    let x = (whole - widthOf(row)) / 2;
    for (const part of row) {
      placed.push(moved(part, { x, y }));
      x += part.width + gap.x;
    }
    y += Math.max(...row.map((part) => part.height)) + gap.y;
  }
  return {
    width: whole,
    height: Math.max(0, y - gap.y),
    boxes: placed.flatMap(({ boxes }) => boxes),
    edges: placed.flatMap(({ edges }) => edges),
  };
}
