/** The parts of conditions that have a verdict of their own (comparisons, calls, bare tags), and what a value does to them. */
import type { ConditionNode } from '../expressions/condition/ast.ts';
import { Outcome } from '../expressions/condition/filtrex.ts';
import { compileTree } from '../expressions/condition/translation.ts';
import type { Path } from '../expressions/path.ts';
import type { Reading } from './readings.ts';

/** A part of a condition with a verdict of its own. */
export interface Atom {
  readonly reading: Reading;
  readonly literals: readonly unknown[];
  readonly calls: ReadonlySet<string>;
  readonly paths: readonly Path[];
  /** One value from outside is compared with literals. */
  readonly isComparison: boolean;
  evaluate(scope: (path: Path) => unknown): unknown;
}

export function atomsOf(reading: Reading): readonly Atom[] {
  if (reading.place === 'template') return [];
  if (reading.condition !== null && reading.place !== 'assign')
    return parts(reading.condition.ast).map((node) => partOf(reading, node));
  if (reading.place !== 'switch') return reading.paths.map((path) => whole(reading, path, []));
  return reading.paths.map((path) => whole(reading, path, reading.keys));
}

/** Of a switch: which case a value leads to. */
function whole(reading: Reading, path: Path, keys: readonly string[]): Atom {
  return {
    reading,
    literals: keys,
    calls: new Set(),
    paths: [path],
    isComparison: true,
    evaluate: (scope) => {
      const value = scope(path);
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
      return keys.indexOf(text);
    },
  };
}

function partOf(reading: Reading, node: ConditionNode): Atom {
  const { evaluate, paths } = compileTree(node);
  return {
    reading,
    literals: literalsOf(node),
    calls: callsOf(node),
    paths,
    isComparison: isComparison(node),
    evaluate: (scope) => {
      const outcome = evaluate(scope);
      return outcome instanceof Outcome ? Boolean(outcome.value) : 'no verdict';
    },
  };
}

/** The parts of a condition with a verdict of their own. */
export function parts(node: ConditionNode): readonly ConditionNode[] {
  if (node.kind === 'logical') return node.operands.flatMap(parts);
  if (node.kind === 'conditional') return [node.test, node.whenTrue, node.whenFalse].flatMap(parts);
  if (node.kind === 'unary' && node.operator === '!') return parts(node.operand);
  return node.kind === 'literal' ? [] : [node];
}

/** What a condition makes of the verdicts of its parts. */
export function joined(node: ConditionNode, verdict: (part: ConditionNode) => boolean): boolean {
  const of = (each: ConditionNode): boolean => joined(each, verdict);
  if (node.kind === 'logical') return node.operator === '&&' ? node.operands.every(of) : node.operands.some(of);
  if (node.kind === 'conditional') return of(of(node.test) ? node.whenTrue : node.whenFalse);
  if (node.kind === 'unary' && node.operator === '!') return !of(node.operand);
  return node.kind === 'literal' ? Boolean(node.value) : verdict(node);
}

const comparing: ReadonlySet<string> = new Set(['===', '!==', '==', '!=', '<', '<=', '>', '>=', 'in']);

/** One value is compared with what is written down, or stands alone. */
export function isComparison(node: ConditionNode): boolean {
  if (node.kind === 'tag') return true;
  if (node.kind !== 'binary' || !comparing.has(node.operator)) return false;
  const sides = [node.left, node.right];
  return sides.some(({ kind }) => kind === 'tag') && sides.some(isConstant);
}

function isConstant(node: ConditionNode): boolean {
  if (node.kind === 'list') return node.items.every(isConstant);
  return node.kind === 'literal' || (node.kind === 'unary' && isConstant(node.operand));
}

function childrenOf(node: ConditionNode): readonly ConditionNode[] {
  switch (node.kind) {
    case 'list':
      return node.items;
    case 'unary':
      return [node.operand];
    case 'binary':
      return [node.left, node.right];
    case 'logical':
      return node.operands;
    case 'conditional':
      return [node.test, node.whenTrue, node.whenFalse];
    case 'call':
      return node.args;
    default:
      return [];
  }
}

/** All nodes, without recursion: chains of operators may be long. */
function nodesOf(root: ConditionNode): readonly ConditionNode[] {
  const all: ConditionNode[] = [];
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    all.push(node);
    open.push(...childrenOf(node));
  }
  return all;
}

export function literalsOf(root: ConditionNode): readonly unknown[] {
  return nodesOf(root).flatMap((node) => (node.kind === 'literal' ? [node.value] : []));
}

function callsOf(root: ConditionNode): ReadonlySet<string> {
  return new Set(nodesOf(root).flatMap((node) => (node.kind === 'call' ? [node.name] : [])));
}

/** What a value makes of a part; values with the same text are the same to it. */
export function verdictText(atom: Atom, value: unknown): string {
  const { paths, literals } = atom;
  // Compared with something else, be it an earlier value of the same: a few values of each type.
  if (paths.length !== 1) return kindOf(value, literals);
  try {
    return String(atom.evaluate(() => value));
  } catch {
    return 'no verdict';
  }
}

/** Of a value that is compared with something that is not known yet. */
function kindOf(value: unknown, literals: readonly unknown[]): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'number' && (value === 0 || value === 1 || value === 2)) return String(value);
  if (literals.includes(value)) return JSON.stringify(value);
  return value === '' ? 'no text' : Array.isArray(value) ? 'array' : typeof value;
}
