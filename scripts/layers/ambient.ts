/**
 * Where a module reads what a simulation must be able to replace: clock, chance, timers, environment. Reads names, not
 * types: a parameter that is called `setTimeout` counts too, a method or property of that name does not.
 */
import ts from 'typescript';
import type { Ambient } from './rooms.ts';

export interface AmbientRead {
  /** As written, such as `Date.now`. */
  readonly name: string;
  readonly kind: Ambient;
  /** 1-based. */
  readonly line: number;
}

const members: Readonly<Record<string, Ambient>> = {
  'Date.now': 'clock',
  'performance.now': 'clock',
  'performance.timeOrigin': 'clock',
  'process.hrtime': 'clock',
  'process.uptime': 'clock',
  'Math.random': 'chance',
  'crypto.randomUUID': 'chance',
  'crypto.randomBytes': 'chance',
  'crypto.randomInt': 'chance',
  'crypto.getRandomValues': 'chance',
  'process.env': 'environment',
  'process.argv': 'environment',
};

const functions: Readonly<Record<string, Ambient>> = {
  setTimeout: 'timers',
  setInterval: 'timers',
  setImmediate: 'timers',
  randomUUID: 'chance',
  randomBytes: 'chance',
  randomInt: 'chance',
};

export function ambientReadsOf(source: ts.SourceFile): readonly AmbientRead[] {
  const reads: AmbientRead[] = [];
  const visit = (node: ts.Node) => {
    const found = readAt(node);
    if (found !== null) {
      reads.push({ ...found, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1 });
      return;
    }
    if (!ts.isTypeQueryNode(node)) ts.forEachChild(node, visit);
  };
  visit(source);
  return reads;
}

function readAt(node: ts.Node): Omit<AmbientRead, 'line'> | null {
  if (ts.isPropertyAccessExpression(node)) return memberRead(node);
  if (ts.isNewExpression(node) || ts.isCallExpression(node)) return dateRead(node);
  if (!ts.isIdentifier(node) || isOnlyAName(node)) return null;
  if (node.text === 'process' && !isObjectOfAccess(node)) return { name: 'process', kind: 'environment' };
  const kind = Object.hasOwn(functions, node.text) ? functions[node.text] : undefined;
  return kind === undefined ? null : { name: node.text, kind };
}

/** `Date.now`, also when written `globalThis.Date.now` or `globalThis.setTimeout`. */
function memberRead(node: ts.PropertyAccessExpression): Omit<AmbientRead, 'line'> | null {
  const name = node
    .getText()
    .replace(/\s+/g, '')
    .replaceAll('?.', '.')
    .replace(/^globalThis\./, '');
  const table = name.includes('.') ? members : functions;
  const kind = Object.hasOwn(table, name) ? table[name] : undefined;
  return kind === undefined ? null : { name, kind };
}

/** `new Date()` and `Date()` read the clock, `new Date(0)` does not. */
function dateRead(node: ts.NewExpression | ts.CallExpression): Omit<AmbientRead, 'line'> | null {
  if (!ts.isIdentifier(node.expression) || node.expression.text !== 'Date') return null;
  if (ts.isNewExpression(node) && (node.arguments?.length ?? 0) > 0) return null;
  return { name: ts.isNewExpression(node) ? 'new Date()' : 'Date()', kind: 'clock' };
}

function isObjectOfAccess(node: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node;
}

/** The name of a member, a property or an import of something, not the thing itself. */
function isOnlyAName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isShorthandPropertyAssignment(parent)) return false;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  return (
    (ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isObjectLiteralElement(parent)) && parent.name === node
  );
}
