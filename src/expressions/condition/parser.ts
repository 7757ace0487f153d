/**
 * Source of a condition to its tree: JavaScript's grammar, cut down (language reference, "Conditions"). Every mistake has
 * a place. Nothing is evaluated here.
 *
 * L1. Levels of nesting are counted as the translation will nest: operands of one operator or chain are one level below
 *     it, a chain of n operands of `&&` or `||` takes log2(n) levels (it is balanced). Parentheses count while they are
 *     open. So neither this parser nor filtrex nor the engine's own compiler can run out of stack.
 */
import { describeLimit, type ResolvedOptions } from '../options.ts';
import { parsePath } from '../path.ts';
import { didYouMean } from '../../core/nearest.ts';
import { ExpressionSyntaxError, type SyntaxProblem } from '../syntax-error.ts';
import type { BinaryOperator, ConditionNode, ListNode, UnaryOperator } from './ast.ts';
import { conditionFunctions, functionNames, type ConditionFunction } from './functions.ts';
import { Levels } from './levels.ts';
import { tokenize, type Token } from './tokens.ts';
import { constantNames, hintForName } from './names.ts';

/** Higher binds tighter; all are left-associative. */
const precedences: ReadonlyMap<string, number> = new Map([
  ['||', 1],
  ['&&', 2],
  ...['===', '!==', '==', '!='].map((operator) => [operator, 3] as const),
  ...['<', '<=', '>', '>=', 'in'].map((operator) => [operator, 4] as const),
  ...['+', '-'].map((operator) => [operator, 5] as const),
  ...['*', '/', '%'].map((operator) => [operator, 6] as const),
]);

/** Throws {@link ExpressionSyntaxError}. The caller has checked the length. */
export function parseCondition(source: string, options: ResolvedOptions): ConditionNode {
  return new Parser(source, options).parse();
}

class Parser {
  readonly #source: string;
  readonly #options: ResolvedOptions;
  readonly #tokens: readonly Token[];
  readonly #levels: Levels;
  #next = 0;
  #open = 0;

  constructor(source: string, options: ResolvedOptions) {
    this.#source = source;
    this.#options = options;
    this.#tokens = tokenize(source);
    this.#levels = new Levels();
  }

  parse(): ConditionNode {
    if (this.#peek().kind === 'end') this.#fail({ summary: 'the condition is empty', expected: 'an expression' });
    const node = this.#expression();
    const token = this.#peek();
    if (token.kind !== 'end') this.#unexpected('an operator or the end');
    return node;
  }

  #expression(): ConditionNode {
    const test = this.#operation(1);
    if (!this.#isAt('?')) return test;
    this.#take();
    const [whenTrue, whenFalse] = this.#nested(() => {
      const first = this.#expression();
      this.#expect(':');
      return [first, this.#expression()] as const;
    });
    return this.#node({ kind: 'conditional', test, whenTrue, whenFalse, start: test.start, end: whenFalse.end });
  }

  /** Operands joined by operators that bind at least as tightly as `minimum`. */
  #operation(minimum: number): ConditionNode {
    let left = this.#operand();
    for (;;) {
      const token = this.#peek();
      const precedence = this.#precedenceOf(token);
      if (precedence < minimum) return left;
      this.#take();
      left = this.#join(token.text, left, precedence);
    }
  }

  #precedenceOf(token: Token): number {
    const isOperator = token.kind === 'operator' || (token.kind === 'name' && token.text === 'in');
    return isOperator ? (precedences.get(token.text) ?? 0) : 0;
  }

  #join(operator: string, left: ConditionNode, precedence: number): ConditionNode {
    const right = operator === 'in' && this.#isAtRoundList() ? this.#roundList() : this.#operation(precedence + 1);
    const span = { start: left.start, end: right.end };
    if (operator === '&&' || operator === '||') {
      const operands = [left, right].flatMap((node) =>
        node.kind === 'logical' && node.operator === operator ? node.operands : [node],
      );
      return this.#node({ kind: 'logical', operator, operands, ...span });
    }
    return this.#node({ kind: 'binary', operator: operator as BinaryOperator, left, right, ...span });
  }

  #operand(): ConditionNode {
    const token = this.#peek();
    if (token.kind === 'operator' && (token.text === '!' || token.text === '-' || token.text === '+')) {
      this.#take();
      const operand = this.#nested(() => this.#operand());
      const operator: UnaryOperator = token.text;
      return this.#node({ kind: 'unary', operator, operand, start: token.start, end: operand.end });
    }
    switch (token.kind) {
      case 'literal':
        this.#take();
        return this.#node({ kind: 'literal', value: token.value, start: token.start, end: token.end });
      case 'tag':
        return this.#tag(token);
      case 'name':
        return this.#name(token);
      default:
        if (this.#isAt('(')) return this.#group();
        if (this.#isAt('[')) return this.#squareList();
        return this.#unexpected('a value');
    }
  }

  #tag(token: Token): ConditionNode {
    this.#take();
    const within = { source: this.#source, offset: token.start };
    const path = parsePath(token.text, { roots: this.#options.roots, within, code: 'CONDITION_SYNTAX' });
    return this.#node({ kind: 'tag', path, start: token.start, end: token.end });
  }

  #name(token: Token): ConditionNode {
    this.#take();
    if (constantNames.has(token.text)) {
      return this.#node({ kind: 'literal', value: constantNames.get(token.text), start: token.start, end: token.end });
    }
    const called = conditionFunctions.get(token.text);
    if (!this.#isAt('(')) {
      this.#fail({
        summary: called === undefined ? `'${token.text}' is not known here` : `'${token.text}' is a function`,
        offset: token.start,
        hint: hintForName(this.#source, token, called !== undefined),
      });
    }
    if (called === undefined) {
      this.#fail({
        summary: `unknown function '${token.text}'`,
        offset: token.start,
        expected: `one of ${functionNames.join(', ')}`,
        ...withHint(didYouMean(token.text, functionNames)),
      });
    }
    const { items, end } = this.#items('(', ')');
    this.#checkCount(token, called, items.length);
    return this.#node({ kind: 'call', name: token.text, args: items, start: token.start, end });
  }

  #checkCount(token: Token, called: ConditionFunction, count: number): void {
    if (count >= called.minArgs && count <= called.maxArgs) return;
    const least = called.maxArgs === Infinity ? 'at least ' : '';
    this.#fail({
      summary: `'${token.text}' takes another number of arguments`,
      offset: token.start,
      expected: `${least}${called.minArgs} argument${called.minArgs === 1 ? '' : 's'}`,
      received: String(count),
    });
  }

  /** An expression in parentheses: no node of its own. */
  #group(): ConditionNode {
    this.#take();
    const node = this.#nested(() => this.#expression());
    if (this.#isAt(',')) {
      this.#fail({
        summary: "unexpected ','",
        hint: "a list in parentheses may only stand after 'in'; elsewhere write it as [a, b]",
      });
    }
    this.#expect(')');
    return node;
  }

  #squareList(): ListNode {
    const { start } = this.#peek();
    return this.#node({ kind: 'list', round: false, start, ...this.#items('[', ']') });
  }

  #roundList(): ListNode {
    const { start } = this.#peek();
    return this.#node({ kind: 'list', round: true, start, ...this.#items('(', ')') });
  }

  /** Whether a list in parentheses comes next: a group that is the whole right side of `in`. */
  #isAtRoundList(): boolean {
    if (!this.#isAt('(')) return false;
    let open = 0;
    for (let index = this.#next; index < this.#tokens.length; index += 1) {
      const { kind, text } = this.#tokens[index] as Token;
      if (kind !== 'operator') continue;
      if (text === '(') open += 1;
      if (text === ')') open -= 1;
      if (open === 0) return (precedences.get((this.#tokens[index + 1] as Token).text) ?? 0) <= 4;
    }
    return true;
  }

  #items(opening: string, closing: string): { readonly items: readonly ConditionNode[]; readonly end: number } {
    this.#expect(opening);
    const items: ConditionNode[] = [];
    if (this.#isAt(closing)) return { items, end: this.#take().end };
    this.#nested(() => {
      items.push(this.#expression());
      while (this.#isAt(',')) {
        this.#take();
        items.push(this.#expression());
      }
    });
    return { items, end: this.#expect(closing).end };
  }

  /** Runs a part of the parse one level deeper (L1). */
  #nested<T>(parse: () => T): T {
    this.#open += 1;
    if (this.#open > this.#options.limits.maxConditionLevels) this.#tooDeep(this.#peek().start);
    const result = parse();
    this.#open -= 1;
    return result;
  }

  #node<N extends ConditionNode>(node: N): N {
    const level = this.#levels.add(node);
    if (level > this.#options.limits.maxConditionLevels) this.#tooDeep(node.start);
    return node;
  }

  #tooDeep(offset: number): never {
    const limit = describeLimit(this.#options.limits, 'maxConditionLevels');
    const summary = `the condition is too complex: too many levels of nesting (${limit})`;
    return this.#fail({ code: 'EXPRESSION_TOO_LARGE', summary, offset });
  }

  #peek(): Token {
    const token = this.#tokens[this.#next] as Token;
    if (token.kind === 'fault') {
      this.#fail({ summary: token.text, offset: token.start, ...withHint(token.hint) });
    }
    return token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  /** A fault is no operator: it is reported by who takes it. */
  #isAt(operator: string): boolean {
    const token = this.#tokens[this.#next] as Token;
    return token.kind === 'operator' && token.text === operator;
  }

  #expect(operator: string): Token {
    return this.#isAt(operator) ? this.#take() : this.#unexpected(`'${operator}'`);
  }

  #unexpected(expected: string): never {
    const token = this.#peek();
    const what = token.kind === 'end' ? 'unexpected end of the condition' : `unexpected '${this.#textOf(token)}'`;
    return this.#fail({ summary: what, expected, ...withHint(this.#hintFor(token)) });
  }

  #hintFor(token: Token): string | undefined {
    if (token.kind === 'name') return hintForName(this.#source, token, false);
    if (token.text !== '[') return undefined;
    return 'an index or a key is part of the path: {{steps.a.output.items.0}}';
  }

  #textOf(token: Token): string {
    return this.#source.slice(token.start, token.end);
  }

  #fail(problem: Partial<SyntaxProblem> & Pick<SyntaxProblem, 'summary'>): never {
    const offset = problem.offset ?? (this.#tokens[this.#next] as Token).start;
    throw new ExpressionSyntaxError({ code: 'CONDITION_SYNTAX', source: this.#source, ...problem, offset });
  }
}

function withHint(hint: string | undefined): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}
