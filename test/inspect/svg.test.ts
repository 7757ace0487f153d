import { describe, expect, test } from 'vitest';
import { createDrawing } from '../../src/inspect/drawing/build.ts';
import { drawWorkflow } from '../../src/inspect/draw-workflow.ts';
import { boxOf } from '../../src/inspect/svg/box.ts';
import { layOut, type PlacedBox } from '../../src/inspect/svg/layout.ts';
import { cutText, textWidth, wrapText } from '../../src/inspect/svg/text.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { flows } from '../engine/flows.ts';
import { everything, hostile, hostileTexts, sized } from './everything.ts';

/** Throws unless all tags are closed in order and all text is escaped. Gives the names of the tags and attributes. */
function parse(xml: string): ReadonlySet<string> {
  const names = new Set<string>();
  const open: string[] = [];
  const rest = xml.replaceAll(
    /<(\/?)(\w+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g,
    (_, close: string, name: string, attributes: string, empty: string) => {
      names.add(name);
      for (const [, attribute] of attributes.matchAll(/ ([\w:-]+)="/g)) names.add(attribute as string);
      if (close === '/') expect(open.pop()).toBe(name);
      else if (empty !== '/') open.push(name);
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]|&(?!(?:amp|lt|gt|quot|#39);)/);
  // eslint-disable-next-line no-control-regex -- what XML cannot hold
  expect(rest).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\uFFFE\uFFFF]/);
  return names;
}

async function placed(definition: WorkflowDefinition): Promise<ReturnType<typeof layOut>> {
  const drawing = createDrawing(definition);
  return layOut(drawing, new Map(drawing.nodes.map((node) => [node.id, boxOf(node, null)])));
}

test('is XML of known tags, without scripts, links or outside resources', async () => {
  const names = parse(await drawWorkflow(everything(), { format: 'svg' }));
  const known = 'svg style rect text title g path circle';
  const attributes =
    'xmlns viewBox width height role aria-label class x y rx transform d cx cy r font-size text-anchor stroke-width stroke-dasharray style';
  for (const name of names) expect(` ${known} ${attributes} `).toContain(` ${name} `);
});

test.each(hostileTexts)('holds hostile text as text: %j', async (text) => {
  const names = parse(await drawWorkflow(hostile(text), { format: 'svg' }));
  for (const name of ['script', 'img', 'onload', 'onerror', 'href']) expect(names).not.toContain(name);
});

test('follows the page by default, and is light or dark when it is told', async () => {
  const draw = (theme: 'auto' | 'light' | 'dark'): Promise<string> => drawWorkflow(sized(5), { format: 'svg', theme });
  expect(await draw('auto')).toContain('@media (prefers-color-scheme:dark)');
  expect(await draw('light')).not.toContain('@media');
  expect(await draw('dark')).not.toContain('@media');
  expect(await draw('dark')).not.toBe(await draw('light'));
});

test('is as wide as its title, which is cut only when it is very long', async () => {
  const draw = (title: string): Promise<string> => drawWorkflow({ ...sized(2), title }, { format: 'svg' });
  const long = 'Research, analyse, summarise and publish';
  expect(await draw(long)).toContain(`>${long}</text>`);
  expect(await draw(long.repeat(10))).toMatch(/>Research, analyse, [^<]*…<\/text>/);
});

const drawn = [
  { name: 'everything', make: everything },
  ...[5, 20, 50, 200].map((count) => ({ name: `${count} steps`, make: () => sized(count) })),
  ...flows,
];

describe.each(drawn)('$name', ({ make }) => {
  test('boxes do not overlap, and what is in a group is inside it', async () => {
    const { boxes, width, height } = await placed(make());
    const byId = new Map(boxes.map((each) => [each.box.node.id, each]));
    for (const each of boxes) {
      const parent = each.box.node.parent;
      const around = parent === null ? { x: 0, y: 0, width, height } : (byId.get(parent) as PlacedBox);
      expect(each.x).toBeGreaterThanOrEqual(around.x);
      expect(each.y).toBeGreaterThanOrEqual(around.y);
      expect(each.x + each.width).toBeLessThanOrEqual(around.x + around.width + 0.01);
      expect(each.y + each.height).toBeLessThanOrEqual(around.y + around.height + 0.01);
      for (const other of boxes) {
        if (other === each || other.box.node.parent !== parent) continue;
        const isApart =
          each.x + each.width <= other.x ||
          other.x + other.width <= each.x ||
          each.y + each.height <= other.y ||
          other.y + other.height <= each.y;
        expect([each.box.node.id, other.box.node.id, isApart]).toEqual([each.box.node.id, other.box.node.id, true]);
      }
    }
  });

  test('text fits into its box', async () => {
    const { boxes } = await placed(make());
    for (const { box, width } of boxes) {
      for (const { text, font, x } of box.lines) expect(x + textWidth(text, font)).toBeLessThanOrEqual(width);
      for (const { x, width: chip } of box.chips) expect(x + chip).toBeLessThanOrEqual(width);
    }
  });
});

test('arrows begin and end at the boxes they join', async () => {
  const { boxes, edges } = await placed(everything());
  const byId = new Map(boxes.map((each) => [each.box.node.id, each]));
  const touches = ({ x, y, width, height }: PlacedBox, at: { x: number; y: number } | undefined): boolean =>
    at !== undefined && at.x >= x - 1 && at.x <= x + width + 1 && at.y >= y - 1 && at.y <= y + height + 1;
  for (const { edge, points } of edges) {
    expect([edge.from, touches(byId.get(edge.from) as PlacedBox, points[0])]).toEqual([edge.from, true]);
    expect([edge.to, touches(byId.get(edge.to) as PlacedBox, points.at(-1))]).toEqual([edge.to, true]);
  }
});

describe('text', () => {
  const font = { size: 10, style: 'regular' } as const;

  test('is cut with an ellipsis, and fits', () => {
    expect(cutText('short', font, 100)).toBe('short');
    const cut = cutText('a text that is much too long for its place', font, 100);
    expect(cut).toMatch(/^a text.*…$/);
    expect(textWidth(cut, font)).toBeLessThanOrEqual(100);
  });

  test('is wrapped at blanks and signs, and anywhere when there are none', () => {
    expect(wrapText('one two three four', font, 60, 9)).toEqual(['one two', 'three four']);
    const lines = wrapText('x'.repeat(60), font, 60, 3);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/…$/);
    for (const line of lines) expect(textWidth(line, font)).toBeLessThanOrEqual(60);
  });
});
