/**
 * A condition as a tree. Read by the translation to filtrex and by whoever analyses conditions.
 *
 * A1. A chain of left-associative operators leans to the left and may be as long as the source allows (about 2,000):
 *     walk `left` in a loop. Everything else nests at most `maxConditionLevels` deep.
 */
import type { Path } from '../path.ts';

/** Where a node stands in the source, in UTF-16 units; `end` is exclusive. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export interface LiteralNode extends Span {
  readonly kind: 'literal';
  readonly value: string | number | boolean | null | undefined;
}

export interface TagNode extends Span {
  readonly kind: 'tag';
  readonly path: Path;
}

/**
 * `[a, b]`, or `(a, b)` after `in`. `round`: in parentheses; then one item alone that turns out to be an array is the
 * list itself: `x in ({{workflow.input.tags}})`.
 */
export interface ListNode extends Span {
  readonly kind: 'list';
  readonly items: readonly ConditionNode[];
  readonly round: boolean;
}

export type UnaryOperator = '!' | '+' | '-';

export interface UnaryNode extends Span {
  readonly kind: 'unary';
  readonly operator: UnaryOperator;
  readonly operand: ConditionNode;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export type ComparisonOperator = '===' | '!==' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator;

export interface BinaryNode extends Span {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: ConditionNode;
  readonly right: ConditionNode;
}

/** `a && b && c` is one node with three operands; `a && (b && c)` too, since it means the same. */
export interface LogicalNode extends Span {
  readonly kind: 'logical';
  readonly operator: '&&' | '||';
  readonly operands: readonly ConditionNode[];
}

export interface ConditionalNode extends Span {
  readonly kind: 'conditional';
  readonly test: ConditionNode;
  readonly whenTrue: ConditionNode;
  readonly whenFalse: ConditionNode;
}

export interface CallNode extends Span {
  readonly kind: 'call';
  /** A name of the function table. */
  readonly name: string;
  readonly args: readonly ConditionNode[];
}

export type ConditionNode =
  | LiteralNode
  | TagNode
  | ListNode
  | UnaryNode
  | BinaryNode
  | LogicalNode
  | ConditionalNode
  | CallNode;
