/**
 * A condition's tree to a filtrex text, once, when the definition is compiled.
 *
 * T1. Nothing of the source or the data is ever part of the filtrex text: tags are the symbols `'p0'`, `'p1'`, ... that
 *     are resolved through the scope, literals are the constants `c0`, `c1`, ...; names of functions are ours.
 * T2. Every keyword has a blank on both sides and every operation its parentheses: filtrex's keywords swallow the next
 *     character, its relations chain, and its precedences are not JavaScript's.
 */
import type { Path } from '../path.ts';
import type { BinaryNode, ConditionNode } from './ast.ts';
import { compileSource, operations, type Evaluation, type Symbols } from './filtrex.ts';
import { isChained, maxNestedChain, type ChainNode } from './levels.ts';

/** Translates and compiles a tree. */
export function compileTree(root: ConditionNode): { readonly evaluate: Evaluation; readonly paths: readonly Path[] } {
  const translation = new Translation();
  const source = `done(${translation.value(root)})`;
  return { evaluate: compileSource(source, translation), paths: [...translation.paths.values()] };
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
