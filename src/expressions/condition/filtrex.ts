/**
 * A condition's tree to a filtrex expression, once, when the definition is compiled.
 *
 * F1. Nothing of the source or the data is ever part of the filtrex text: tags are the symbols `'p0'`, `'p1'`, ... that
 *     are resolved through the scope, literals are the constants `c0`, `c1`, ...; names of functions are ours.
 * F2. Every keyword has a blank on both sides and every operation its parentheses: filtrex's keywords swallow the next
 *     character, its relations chain, and its precedences are not JavaScript's.
 * F3. filtrex gives back what was thrown instead of throwing it. Only a value that arrived at `done` is a result.
 * F4. `hold(x)` remembers `x` and gives its truthiness; `held()`, which always comes next, takes it back. So `&&` and
 *     `||` evaluate an operand once and give it as their value. Nothing is evaluated between the two.
 */
import { compileExpression } from 'filtrex';
import { InvariantError } from '../../core/errors.ts';
import { readScope, type Path, type Scope } from '../path.ts';
import type { BinaryNode, ConditionNode } from './ast.ts';
import { conditionFunctions } from './functions.ts';
import { isChained, maxNestedChain, type ChainNode, type ChainOperator } from './levels.ts';
import * as values from './values.ts';

/** What a condition came to: the value that arrived at the end (F3). */
export class Outcome {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** Gives an {@link Outcome}, or whatever was thrown on the way. Never throws. */
export type Evaluation = (scope: Scope) => unknown;

/** Operators that filtrex has, with our meaning; what it would do by itself with `~=` (regular expressions) never happens. */
const infixOperators = {
  '+': values.add,
  '-': values.subtract,
  '*': values.multiply,
  '/': values.divide,
  '<': values.less,
  '<=': values.lessOrEqual,
  '>': values.greater,
  '>=': values.greaterOrEqual,
  '==': values.strictEqual,
  '!=': (a: unknown, b: unknown) => !values.strictEqual(a, b),
  '~=': () => {
    throw new InvariantError('regular expressions never reach filtrex');
  },
};

interface Operation {
  readonly apply: (a: unknown, b: unknown) => unknown;
  readonly emit: (a: string, b: string) => string;
}

function infix(operator: Exclude<keyof typeof infixOperators, '~='>): Operation {
  return { apply: infixOperators[operator], emit: (a, b) => `(${a} ${operator} ${b})` };
}

function named(name: string, apply: Operation['apply']): Operation {
  return { apply, emit: (a, b) => `${name}(${a}, ${b})` };
}

const operations: Readonly<Record<ChainOperator, Operation>> = {
  '+': infix('+'),
  '-': infix('-'),
  '*': infix('*'),
  '/': infix('/'),
  '%': named('remainder', values.remainder),
  '<': infix('<'),
  '<=': infix('<='),
  '>': infix('>'),
  '>=': infix('>='),
  '===': infix('=='),
  '!==': infix('!='),
  '==': named('loose', values.looseEqual),
  '!=': named('unlike', (a, b) => !values.looseEqual(a, b)),
};

let held: unknown;

const functions: Readonly<Record<string, (...args: never[]) => unknown>> = {
  ...Object.fromEntries([...conditionFunctions].map(([name, { call }]) => [name, call])),
  remainder: operations['%'].apply,
  loose: operations['=='].apply,
  unlike: operations['!='].apply,
  negate: values.negate,
  member: values.isMember,
  among: values.isAmong,
  only: values.isOnly,
  list: values.list,
  truthy: values.truthy,
  hold: (value: unknown) => {
    held = value;
    return values.truthy(value);
  },
  held: () => {
    const value = held;
    held = undefined;
    return value;
  },
  fold: (applied: readonly Operation['apply'][], first: unknown, ...rest: readonly unknown[]) =>
    rest.reduce((sum, value, index) => (applied[index] as Operation['apply'])(sum, value), first),
  done: (value: unknown) => new Outcome(value),
};

/** Translates and compiles a tree. */
export function compileTree(root: ConditionNode): { readonly evaluate: Evaluation; readonly paths: readonly Path[] } {
  const translation = new Translation();
  const source = `done(${translation.value(root)})`;
  return { evaluate: compileSource(source, translation), paths: [...translation.paths.values()] };
}

/** What the symbols of a filtrex text stand for. */
export interface Symbols {
  readonly constants: Readonly<Record<string, unknown>>;
  readonly symbols: ReadonlyMap<string, Path>;
}

/** Exported for tests: that filtrex refuses a text of ours is a bug of ours. */
export function compileSource(source: string, { constants, symbols }: Symbols): Evaluation {
  try {
    return compileExpression(source, {
      constants,
      operators: infixOperators,
      extraFunctions: functions,
      customProp: (name, _get, scope: Scope) => readScope(scope, symbols.get(name) as Path),
    });
  } catch (cause) {
    throw new InvariantError('a translated condition is not a filtrex expression', { cause });
  }
}

class Translation implements Symbols {
  readonly constants: Record<string, unknown> = {};
  readonly symbols = new Map<string, Path>();
  /** The paths in order of appearance, by source. */
  readonly paths = new Map<string, Path>();
  readonly #names = new Map<string, string>();

  /** A node as an expression that gives its value. */
  value(node: ConditionNode): string {
    switch (node.kind) {
      case 'literal':
        return this.#constant(node.value);
      case 'tag':
        return this.#symbol(node.path);
      case 'list':
        return call('list', this.#values(node.items));
      case 'call':
        return call(node.name, this.#values(node.args));
      case 'conditional':
        return `(if ${this.#flag(node.test)} then ${this.value(node.whenTrue)} else ${this.value(node.whenFalse)})`;
      case 'logical':
        return balance(
          node.operands.map((operand) => this.value(operand)),
          node.operator === '&&' ? holdAnd : holdOr,
        );
      case 'unary':
        if (node.operator === '!') return `(not ${this.#flag(node.operand)})`;
        return call(node.operator === '-' ? 'negate' : 'number', [this.value(node.operand)]);
      case 'binary':
        return isChained(node) ? this.#chain(node) : this.#membership(node);
    }
  }

  /** A node as an expression that gives its truthiness, a real boolean: filtrex takes nothing else as a test. */
  #flag(node: ConditionNode): string {
    if (node.kind === 'logical') {
      const word = node.operator === '&&' ? 'and' : 'or';
      return balance(
        node.operands.map((operand) => this.#flag(operand)),
        (a, b) => `(${a} ${word} ${b})`,
      );
    }
    const isBoolean =
      (node.kind === 'unary' && node.operator === '!') || (node.kind === 'binary' && !'+-*/%'.includes(node.operator));
    return isBoolean ? this.value(node) : call('truthy', [this.value(node)]);
  }

  #chain(node: ChainNode): string {
    const links: ChainNode[] = [];
    let first: ConditionNode = node;
    while (isChained(first)) {
      links.push(first);
      first = first.left;
    }
    links.reverse();
    const start = this.value(first);
    if (links.length <= maxNestedChain) {
      return links.reduce((left, { operator, right }) => operations[operator].emit(left, this.value(right)), start);
    }
    const applied = this.#constant(links.map(({ operator }) => operations[operator].apply));
    return call('fold', [applied, start, ...links.map(({ right }) => this.value(right))]);
  }

  #membership({ left, right }: BinaryNode): string {
    if (right.kind !== 'list') return call('member', [this.value(left), this.value(right)]);
    const isOnly = right.round && right.items.length === 1;
    return call(isOnly ? 'only' : 'among', [this.value(left), ...this.#values(right.items)]);
  }

  #values(nodes: readonly ConditionNode[]): string[] {
    return nodes.map((node) => this.value(node));
  }

  #symbol(path: Path): string {
    const known = this.#names.get(path.source);
    if (known !== undefined) return known;
    const name = `p${this.symbols.size}`;
    this.symbols.set(name, path);
    this.paths.set(path.source, path);
    this.#names.set(path.source, `'${name}'`);
    return `'${name}'`;
  }

  #constant(value: unknown): string {
    const name = `c${Object.keys(this.constants).length}`;
    this.constants[name] = value;
    return name;
  }
}

function call(name: string, args: readonly string[]): string {
  return `${name}(${args.join(', ')})`;
}

function holdAnd(a: string, b: string): string {
  return `(if hold(${a}) then ${b} else held())`;
}

function holdOr(a: string, b: string): string {
  return `(if hold(${a}) then held() else ${b})`;
}

/** Joins expressions by an associative operator as a tree of the least depth. */
function balance(parts: readonly string[], join: (a: string, b: string) => string): string {
  if (parts.length === 1) return parts[0] as string;
  const middle = Math.ceil(parts.length / 2);
  return join(balance(parts.slice(0, middle), join), balance(parts.slice(middle), join));
}
