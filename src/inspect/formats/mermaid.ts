/**
 * A drawing as a Mermaid flowchart. Ids are ours (`n0`, `n1`, ...), and all text is in quotes with everything but plain
 * letters, digits and a few signs as character codes: no name or condition can be syntax, markup or a directive.
 */
import type { Drawing, DrawingEdge, DrawingNode } from '../drawing/drawing.ts';
import type { Mark, Marks } from '../drawing/marks.ts';

const maxLabel = 120;

export function toMermaid(drawing: Drawing, marks: Marks | null): string {
  return new Mermaid(drawing, marks).text();
}

class Mermaid {
  readonly #drawing: Drawing;
  readonly #marks: Marks | null;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #lines: string[] = [];

  constructor(drawing: Drawing, marks: Marks | null) {
    this.#drawing = drawing;
    this.#marks = marks;
    this.#ids = new Map(drawing.nodes.map(({ id }, index) => [id, `n${index}`]));
  }

  text(): string {
    const summary = this.#marks === null ? '' : ` - ${this.#marks.summary}`;
    this.#lines.push('flowchart TB', `  accTitle: ${oneLine(this.#drawing.title)}${oneLine(summary)}`);
    this.#nodes(null, '  ');
    for (const edge of this.#drawing.edges) this.#lines.push(`  ${this.#edge(edge)}`);
    this.#classes();
    return `${this.#lines.join('\n')}\n`;
  }

  #nodes(parent: string | null, indent: string): void {
    for (const node of this.#drawing.nodes) {
      if (node.parent !== parent) continue;
      const id = this.#ids.get(node.id) as string;
      if (node.kind !== 'group') {
        this.#lines.push(`${indent}${id}${shapeOf(node)(this.#label(node))}`);
        continue;
      }
      this.#lines.push(`${indent}subgraph ${id}["${this.#label(node)}"]`);
      this.#nodes(node.id, `${indent}  `);
      this.#lines.push(`${indent}end`);
    }
  }

  #label(node: DrawingNode): string {
    if (node.kind !== 'step' && node.kind !== 'group') return escapeText(node.label);
    const mark = this.#marks?.nodes.get(node.id)?.text ?? null;
    const type = [node.type, node.detail].filter((each) => each !== null).join(': ');
    const lines = [
      ...(type === '' ? [] : [type]),
      ...(node.condition === null ? [] : [`if ${node.condition}`]),
      ...node.notes,
      ...(mark === null ? [] : [mark]),
    ].map((line) => `<br/>${escapeText(shorten(line))}`);
    return `<b>${escapeText(node.label)}</b>${lines.join('')}`;
  }

  #edge({ from, to, kind, labels }: DrawingEdge): string {
    const arrow = kind === 'flow' || kind === 'back' ? '-->' : '-.->';
    const label = labels.length === 0 ? '' : `|"${escapeText(shorten(labels.join(', ')))}"|`;
    return `${this.#ids.get(from) ?? ''} ${arrow}${label} ${this.#ids.get(to) ?? ''}`;
  }

  #classes(): void {
    const used = new Map<string, string[]>();
    for (const node of this.#drawing.nodes) {
      const name = this.#marks === null ? categoryOf(node) : (this.#marks.nodes.get(node.id)?.mark ?? null);
      if (name !== null) used.set(name, [...(used.get(name) ?? []), this.#ids.get(node.id) as string]);
    }
    for (const [name, ids] of used) {
      const style = this.#marks === null ? categories[name] : markStyles[name as Mark];
      if (style === undefined) continue;
      this.#lines.push(`  classDef ${name} ${style}`, `  class ${ids.join(',')} ${name}`);
    }
    const taken = this.#drawing.edges.flatMap((edge, index) => (this.#marks?.taken.has(edge) === true ? [index] : []));
    if (taken.length > 0) this.#lines.push(`  linkStyle ${taken.join(',')} stroke:#1a7f37,stroke-width:3px`);
  }
}

type Shape = (label: string) => string;

function shapeOf({ kind, type }: DrawingNode): Shape {
  if (kind === 'start' || kind === 'end') return (label) => `(["${label}"])`;
  if (kind === 'failure' || kind === 'failed' || kind === 'next' || kind === 'break')
    return (label) => `(["${label}"])`;
  if (type === 'conditional' || type === 'switch') return (label) => `{{"${label}"}}`;
  if (type === 'workflow') return (label) => `[["${label}"]]`;
  if (type === 'human') return (label) => `[/"${label}"\\]`;
  if (type === 'signal' || type === 'wait') return (label) => `(["${label}"])`;
  if (type === 'emit') return (label) => `>"${label}"]`;
  return (label) => `["${label}"]`;
}

/** Light fills with dark text: they read on a light and on a dark page. */
const categories: Readonly<Record<string, string>> = {
  router: 'fill:#fff4d6,stroke:#b7791f,color:#3b2a06',
  person: 'fill:#fde8f0,stroke:#bf3f7a,color:#4a1230',
  waiting: 'fill:#ece9fb,stroke:#6e56cf,color:#271a5b',
  mending: 'fill:#fdeae7,stroke:#c4432b,color:#51170b,stroke-dasharray:4 3',
  work: 'fill:#e8f1fd,stroke:#3572c6,color:#0f2b52',
  data: 'fill:#e6f5f1,stroke:#2a8a70,color:#0b3d30',
  group: 'fill:#8b949e1a,stroke:#8b949e',
  point: 'fill:#f1f3f5,stroke:#6b7280,color:#1f2937',
};

const markStyles: Readonly<Record<Mark, string>> = {
  completed: 'fill:#dcf5e3,stroke:#1a7f37,color:#0b3d1a',
  running: 'fill:#dbeafe,stroke:#1d5fd1,color:#0f2b52,stroke-width:3px',
  failed: 'fill:#fde2df,stroke:#c4262e,color:#5c0f13',
  skipped: 'fill:#f1f3f5,stroke:#9aa1ab,color:#4b5563,stroke-dasharray:4 3',
  cancelled: 'fill:#f3e8d8,stroke:#9a6b1f,color:#4a330c',
  untouched: 'fill:#ffffff,stroke:#c3c8cf,color:#4b5563',
  covered: 'fill:#dcf5e3,stroke:#1a7f37,color:#0b3d1a',
  missed: 'fill:#fde2df,stroke:#c4262e,color:#5c0f13,stroke-dasharray:4 3',
};

function categoryOf({ kind, role, type }: DrawingNode): string {
  if (kind === 'group') return 'group';
  if (kind !== 'step') return kind === 'failure' || kind === 'failed' ? 'mending' : 'point';
  if (role === 'recovery' || role === 'compensation') return 'mending';
  if (type === 'conditional' || type === 'switch') return 'router';
  if (type === 'human') return 'person';
  if (type === 'signal' || type === 'wait') return 'waiting';
  return type === 'transform' ? 'data' : 'work';
}

function shorten(text: string): string {
  const characters = [...text];
  return characters.length <= maxLabel ? text : `${characters.slice(0, maxLabel - 1).join('')}…`;
}

/** As character codes, which Mermaid turns back after it has parsed: `#34;`. */
function escapeText(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:_…≤-]/gu, (character) =>
    /\s|\p{C}/u.test(character) ? ' ' : `#${character.codePointAt(0) ?? 32};`,
  );
}

/** A title ends with its line; comments and directives begin with signs that are left out. */
function oneLine(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:_()-]/gu, ' ').replace(/\s+/g, ' ');
}
