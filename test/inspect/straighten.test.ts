import { expect, test } from 'vitest';
import type { PlacedGraph, Point } from '../../src/inspect/svg/elk.ts';
import { straightened } from '../../src/inspect/svg/straighten.ts';

const at = (...places: readonly (readonly [number, number])[]): readonly Point[] => places.map(([x, y]) => ({ x, y }));
const sizes = [
  { id: 'a', width: 100, height: 40 },
  { id: 'b', width: 100, height: 40 },
];

/** Box a above box b, both from x 0 to 100. */
function graphOf(...routes: readonly (readonly Point[])[]): PlacedGraph {
  const nodes = new Map([
    ['a', { x: 0, y: 0 }],
    ['b', { x: 0, y: 100 }],
  ]);
  return { width: 100, height: 140, nodes, edges: routes.map((points) => ({ points, label: null })) };
}
const lines = (...routes: readonly (readonly Point[])[]): readonly (readonly Point[])[] =>
  straightened(
    sizes,
    routes.map(() => ({ from: 'a', to: 'b' })),
    graphOf(...routes),
  ).edges.map(({ points }) => points);

test('an arrow that steps aside by a few pixels goes straight', () => {
  expect(lines(at([50, 40], [50, 70], [60, 70], [60, 100]))).toEqual([at([50, 40], [50, 100])]);
});

test('not where that would leave the box, nor where another arrow ends', () => {
  const atCorner = at([90, 40], [90, 70], [99, 70], [99, 100]);
  expect(lines(atCorner)).toEqual([atCorner]);
  // It cannot end at 50, where the other does; it begins at 60 in its place.
  expect(lines(at([50, 40], [50, 70], [60, 70], [60, 100]), at([48, 40], [48, 100]))[0]).toEqual(
    at([60, 40], [60, 100]),
  );
});

test('what goes aside further is left as it is', () => {
  const around = at([20, 40], [20, 70], [80, 70], [80, 100]);
  expect(lines(around)).toEqual([around]);
});
