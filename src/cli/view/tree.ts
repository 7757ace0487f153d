/** A run as a tree of lines, fitted to the width and height of a terminal. Pure. */
import { cut, cutStart, oneLine, widthOf } from './text.ts';
import { describeQueue, duration } from './format.ts';
import type { OutlineNode } from './outline.ts';
import type { RunModel, StepState } from './run-model.ts';
import type { Style } from './style.ts';

export interface TreeOptions {
  readonly style: Style;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly columns: number;
  /** At most so many lines; null: as many as there are. */
  readonly rows: number | null;
  /** Of the animation. */
  readonly frame: number;
  /** First line: the name, then what is said of it in passing. */
  readonly title: Title;
}

export interface Title {
  readonly name: string;
  readonly detail: string;
}

interface Piece {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

interface Row {
  readonly id: string;
  readonly pieces: readonly Piece[];
  readonly isActive: boolean;
}

const maxNameColumns = 44;

export function renderTree(model: RunModel, options: TreeOptions): readonly string[] {
  const rows = treeRows(model, options);
  const shown = options.rows === null ? rows : fit(rows, Math.max(1, options.rows - 1), model, options.style);
  return [{ pieces: titlePieces(model, options) }, ...shown].map(({ pieces }) =>
    toLine(pieces, options.columns, options.style),
  );
}

function titlePieces(model: RunModel, { title, now, style }: TreeOptions): readonly Piece[] {
  const { startedAt, endedAt } = model;
  const elapsed = startedAt === null ? [] : [{ text: `  ${duration((endedAt ?? now) - startedAt)}` }];
  return [{ text: title.name, paint: style.bold }, { text: `  ${title.detail}`, paint: style.dim }, ...elapsed];
}

// The rows of the steps.

interface Placed {
  readonly node: OutlineNode;
  /** The lines of the tree before it, and before what stands below it. */
  readonly lead: string;
  readonly below: string;
}

function treeRows(model: RunModel, options: TreeOptions): readonly Row[] {
  const placed = place(model, options.style);
  const widest = Math.max(0, ...placed.map(({ node, lead }) => widthOf(lead) + node.id.length + 2));
  const nameColumns = Math.min(widest, maxNameColumns);
  return placed.flatMap((each) => stepRows(each, model.step(each.node.id), nameColumns, options));
}

function place(model: RunModel, style: Style): readonly Placed[] {
  const { branch, lastBranch, trunk } = style.symbols;
  const result: Placed[] = [];
  const add = (ids: readonly string[], indent: string): void => {
    const nodes = ids.map((id) => model.outline.nodes.get(id)).filter((node) => node !== undefined);
    const visible = nodes.filter((node) => !node.isExtra || model.step(node.id).status !== 'pending');
    visible.forEach((node, index) => {
      const isLast = index === visible.length - 1;
      const below = indent + (isLast ? ' '.repeat(trunk.length) : trunk);
      result.push({ node, lead: indent + (isLast ? lastBranch : branch), below });
      add(node.children, below);
    });
  };
  add(model.outline.roots, '');
  return result;
}

function stepRows(
  { node, lead, below }: Placed,
  state: StepState,
  nameColumns: number,
  options: TreeOptions,
): readonly Row[] {
  const { style, columns } = options;
  const isPending = state.status === 'pending';
  const gap = ' '.repeat(Math.max(0, nameColumns - widthOf(lead) - node.id.length - 2));
  const pieces: Piece[] = [
    { text: lead, paint: style.dim },
    symbolOf(state, options),
    { text: ` ${node.id}${gap}`, ...(isPending || state.status === 'skipped' ? { paint: style.dim } : {}) },
    { text: `  ${node.label}`, paint: style.dim },
    ...noteOf(node, state, options),
  ];
  const isActive = state.status === 'running' || state.status === 'backoff';
  const row: Row = { id: node.id, pieces, isActive };
  if (!isActive || state.tail === '') return [row];
  const indent = `${below}  `;
  const tail = cutStart(oneLine(state.tail), columns - 1 - widthOf(indent), style.symbols.ellipsis);
  return [
    row,
    {
      id: node.id,
      pieces: [
        { text: indent, paint: style.dim },
        { text: tail, paint: style.dim },
      ],
      isActive,
    },
  ];
}

function symbolOf({ status }: StepState, { style, frame }: TreeOptions): Piece {
  const { symbols } = style;
  switch (status) {
    case 'running':
      return { text: symbols.spinner[frame % symbols.spinner.length] ?? '', paint: style.cyan };
    case 'backoff':
      return { text: symbols.backoff, paint: style.yellow };
    case 'completed':
      return { text: symbols.completed, paint: style.green };
    case 'failed':
      return { text: symbols.failed, paint: style.red };
    case 'cancelled':
      return { text: symbols.cancelled, paint: style.yellow };
    case 'skipped':
    case 'pending':
      return { text: symbols[status], paint: style.dim };
  }
}

function noteOf(node: OutlineNode, state: StepState, { style, now }: TreeOptions): readonly Piece[] {
  const { status, attempt, startedAt, endedAt, error } = state;
  const time = startedAt === null ? [] : [{ text: `  ${duration((endedAt ?? now) - startedAt)}` }];
  const visits = state.visit > 1 ? [{ text: `  visit ${state.visit}`, paint: style.dim }] : [];
  const undoing = state.compensation === 'not compensated' ? style.red : style.yellow;
  const undone = state.compensation === null ? [] : [{ text: `  ${state.compensation}`, paint: undoing }];
  const message = error === null ? [] : [{ text: `  ${oneLine(error.message)}`, paint: style.red }];
  switch (status) {
    case 'running': {
      const tries = attempt > 1 ? [{ text: `  attempt ${attempt}${ofMaximum(node)}`, paint: style.yellow }] : [];
      const task = state.isTask ? [{ text: '  waits for a person', paint: style.yellow }] : [];
      const queue = state.queue === null ? [] : [{ text: `  ${describeQueue(state.queue)}`, paint: style.yellow }];
      const accepted = state.isAccepted ? [{ text: '  completes later', paint: style.yellow }] : [];
      return [...time, ...tries, ...visits, ...task, ...queue, ...accepted, ...roundsOf(state, style)];
    }
    case 'backoff': {
      const wait = duration(Math.max(0, (state.retryAt ?? now) - now));
      return [
        { text: `  attempt ${attempt}${ofMaximum(node)} failed, again in ${wait}`, paint: style.yellow },
        ...message,
      ];
    }
    case 'completed': {
      const tries = attempt > 1 ? [{ text: `  ${attempt} attempts`, paint: style.yellow }] : [];
      const branch = state.branch === null ? [] : [{ text: `  ${state.branch}`, paint: style.dim }];
      return [...time, ...tries, ...visits, ...branch, ...roundsOf(state, style), ...undone];
    }
    case 'failed': {
      const tries = attempt > 1 ? [{ text: `  ${attempt} attempts`, paint: style.yellow }] : [];
      return [...time, ...tries, ...undone, ...message];
    }
    case 'skipped':
      return [{ text: `  skipped${state.why === null ? '' : ` (${state.why})`}`, paint: style.dim }];
    case 'cancelled':
      return [...time, { text: '  cancelled', paint: style.yellow }, ...undone];
    case 'pending':
      return [];
  }
}

function ofMaximum({ maxAttempts }: OutlineNode): string {
  return maxAttempts === null ? '' : ` of ${maxAttempts}`;
}

function roundsOf({ rounds }: StepState, style: Style): readonly Piece[] {
  if (rounds === null) return [];
  const running = rounds.running > 0 ? `, ${rounds.running} running` : '';
  return [{ text: `  ${rounds.ended} rounds done${running}`, paint: style.dim }];
}

// Fitting.

/** A stretch of the rows that holds what is going on, with what is above and below it counted. */
function fit(rows: readonly Row[], height: number, model: RunModel, style: Style): readonly Pick<Row, 'pieces'>[] {
  if (rows.length <= height) return rows;
  const size = Math.max(1, height - 2);
  const active = rows.findIndex((row) => row.isActive);
  const ended = rows.findLastIndex((row) => model.step(row.id).status !== 'pending');
  const anchor = active === -1 ? ended : active;
  const first = Math.max(0, Math.min(anchor - Math.floor(size / 3), rows.length - size));
  const above = summary(rows.slice(0, first), 'above', model, style);
  const below = summary(rows.slice(first + size), 'below', model, style);
  return [...above, ...rows.slice(first, first + size), ...below].slice(0, height);
}

function summary(rows: readonly Row[], where: string, model: RunModel, style: Style): readonly Pick<Row, 'pieces'>[] {
  if (rows.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { status } of [...new Set(rows.map((row) => row.id))].map((id) => model.step(id)))
    counts.set(status, (counts.get(status) ?? 0) + 1);
  const text = [...counts].map(([status, number]) => `${number} ${status}`).join(', ');
  return [{ pieces: [{ text: `${style.symbols.ellipsis} ${where}: ${text}`, paint: style.dim }] }];
}

/** One column is left free: a full line would wrap in some terminals. */
function toLine(pieces: readonly Piece[], columns: number, style: Style): string {
  let left = columns - 1;
  let line = '';
  for (const { text, paint } of pieces) {
    if (left <= 0) break;
    const shown = cut(text, left, style.symbols.ellipsis);
    left -= widthOf(shown);
    line += paint === undefined || shown === '' ? shown : paint(shown);
  }
  return line;
}
