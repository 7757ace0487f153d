/** A drawing in Graphviz' DOT language. Ids are ours; all text is in quoted strings, never HTML-like ones. */
import type { Drawing, DrawingEdge, DrawingNode } from '../drawing/drawing.ts';
import type { Mark, Marks } from '../drawing/marks.ts';

const maxLabel = 120;

export function toDot(drawing: Drawing, marks: Marks | null): string {
  const ids = new Map(drawing.nodes.map(({ id }, index) => [id, `n${index}`]));
  const members = Map.groupBy(drawing.nodes, ({ parent }) => parent);
  const idOf = (id: string): string => ids.get(id) as string;

  /** Arrows of groups end at a box inside, cut at the border of the group. */
  const leaf = (id: string, at: 0 | -1): string => {
    const inner = members.get(id)?.at(at);
    return inner === undefined ? idOf(id) : leaf(inner.id, at);
  };
  const isGroup = (id: string): boolean => members.has(id);

  const nodeLines = (parent: string | null, indent: string): readonly string[] =>
    (members.get(parent) ?? []).flatMap((node) => {
      const label = quote(labelOf(node, marks));
      if (!isGroup(node.id)) return [`${indent}${idOf(node.id)} [label=${label}${attributes(node, marks)}];`];
      return [
        `${indent}subgraph cluster_${idOf(node.id)} {`,
        `${indent}  label=${label}; fontsize=12; style="rounded"; color=${quote(colorOf(node, marks) ?? '#8b949e')};`,
        ...nodeLines(node.id, `${indent}  `),
        `${indent}}`,
      ];
    });

  const edgeLine = (edge: DrawingEdge): string => {
    const { from, to, kind, labels } = edge;
    const parts = [
      ...(labels.length === 0 ? [] : [`label=${quote(shorten(labels.join(', ')))}`]),
      ...(kind === 'flow' || kind === 'back' ? [] : ['style="dashed"']),
      ...(kind === 'back' ? ['constraint=false'] : []),
      ...(isGroup(from) ? [`ltail=${quote(`cluster_${idOf(from)}`)}`] : []),
      ...(isGroup(to) ? [`lhead=${quote(`cluster_${idOf(to)}`)}`] : []),
      ...(marks?.taken.has(edge) === true ? ['color="#1a7f37"', 'penwidth=2.5'] : []),
    ];
    return `  ${leaf(from, -1)} -> ${leaf(to, 0)}${parts.length === 0 ? '' : ` [${parts.join(', ')}]`};`;
  };

  const title = marks === null ? drawing.title : `${drawing.title}\n${marks.summary}`;
  return [
    `digraph ${quote(drawing.name)} {`,
    `  label=${quote(title)}; labelloc="t"; compound=true; rankdir="TB"; fontname="Helvetica"; fontsize=16;`,
    '  node [shape="box", style="rounded", fontname="Helvetica", fontsize=11];',
    '  edge [fontname="Helvetica", fontsize=10, color="#57606a"];',
    ...nodeLines(null, '  '),
    ...drawing.edges.map(edgeLine),
    '}',
    '',
  ].join('\n');
}

function labelOf(node: DrawingNode, marks: Marks | null): string {
  if (node.kind !== 'step' && node.kind !== 'group') return node.label;
  const type = [node.type, node.detail].filter((each) => each !== null).join(': ');
  return [
    node.label,
    ...(type === '' ? [] : [shorten(type)]),
    ...(node.condition === null ? [] : [shorten(`if ${node.condition}`)]),
    ...node.notes.map(shorten),
    ...[marks?.nodes.get(node.id)?.text ?? ''].filter((text) => text !== ''),
  ].join('\n');
}

const shapes: Readonly<Record<string, string>> = {
  conditional: 'diamond',
  switch: 'diamond',
  human: 'house',
  workflow: 'box3d',
};

function attributes(node: DrawingNode, marks: Marks | null): string {
  const shape = node.kind === 'step' ? shapes[node.type ?? ''] : 'oval';
  const color = colorOf(node, marks);
  const isDashed = node.condition !== null || node.role === 'recovery' || node.role === 'compensation';
  return [
    ...(shape === undefined ? [] : [`shape="${shape}"`]),
    ...(isDashed ? ['style="rounded,dashed"'] : []),
    ...(color === null ? [] : [`color=${quote(color)}`, 'penwidth=2']),
  ]
    .map((each) => `, ${each}`)
    .join('');
}

const colors: Readonly<Record<Mark, string>> = {
  completed: '#1a7f37',
  running: '#1d5fd1',
  failed: '#c4262e',
  skipped: '#9aa1ab',
  cancelled: '#9a6b1f',
  untouched: '#c3c8cf',
  covered: '#1a7f37',
  missed: '#c4262e',
};

function colorOf({ id }: DrawingNode, marks: Marks | null): string | null {
  const mark = marks?.nodes.get(id)?.mark;
  return mark === undefined ? null : colors[mark];
}

function shorten(text: string): string {
  const characters = [...text];
  return characters.length <= maxLabel ? text : `${characters.slice(0, maxLabel - 1).join('')}…`;
}

/** A backslash begins an escape in DOT (`\N` is the node's name), a new line is `\n`. */
function quote(text: string): string {
  const clean = text.replace(/[^\P{C}\n]/gu, ' ');
  return `"${clean.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
