/**
 * Takes small kinks out of arrows: one that steps aside by a few pixels, just to leave or to meet its box in another place, goes
 * straight. Owns where on a box an arrow may end; the way there is `elk.ts`'s.
 */
import type { GraphNode, PlacedGraph, Point } from './elk.ts';

interface Ends {
  readonly from: string;
  readonly to: string;
}

/** Steps aside of more are not small. */
const maxStep = 26;
/** From the corners of a box, and from other arrows. */
const margin = { corner: 16, arrow: 9 };

export function straightened(sizes: readonly GraphNode[], ends: readonly Ends[], graph: PlacedGraph): PlacedGraph {
  const widths = new Map(sizes.map(({ id, width }) => [id, width]));
  const routes = graph.edges.map(({ points }) => points);
  const mayEndAt = (node: string, at: Point, moving: number, which: 0 | -1): boolean => {
    const left = graph.nodes.get(node)?.x ?? 0;
    if (at.x < left + margin.corner || at.x > left + (widths.get(node) ?? 0) - margin.corner) return false;
    return routes.every((points, index) =>
      [0, -1].every((end) => {
        if (index === moving && end === which) return true;
        const other = points.at(end);
        return other === undefined || other.y !== at.y || Math.abs(other.x - at.x) >= margin.arrow;
      }),
    );
  };
  ends.forEach(({ from, to }, index) => {
    const points = routes[index] ?? [];
    const last = withoutKink(points.toReversed());
    if (last !== null && mayEndAt(to, last[0], index, -1)) routes[index] = last.toReversed();
    const first = withoutKink(routes[index] ?? []);
    if (first !== null && mayEndAt(from, first[0], index, 0)) routes[index] = first;
  });
  return { ...graph, edges: graph.edges.map((edge, index) => ({ ...edge, points: routes[index] ?? edge.points })) };
}

/** The same way from its first point on, without a small step aside at its beginning; null when there is none. */
function withoutKink(points: readonly Point[]): readonly [Point, ...Point[]] | null {
  const [start, bend, back, next, ...rest] = points;
  if (start === undefined || bend === undefined || back === undefined || next === undefined) return null;
  const isStep = start.x === bend.x && bend.y === back.y && back.x === next.x && Math.abs(back.x - bend.x) <= maxStep;
  return isStep ? [{ x: back.x, y: start.y }, next, ...rest] : null;
}
