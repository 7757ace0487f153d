/** Counts the levels of nesting of a condition's nodes as its translation nests them (L1 of the parser). */
import type { BinaryNode, BinaryOperator, ConditionNode } from './ast.ts';

/** A left-leaning chain of operators up to this length is nested; a longer one is folded and takes one level. */
export const maxNestedChain = 2;

/** Operators that take part in chains; `in` has lists at its right side and does not. */
export type ChainOperator = Exclude<BinaryOperator, 'in'>;

export interface ChainNode extends BinaryNode {
  readonly operator: ChainOperator;
}

export function isChained(node: ConditionNode): node is ChainNode {
  return node.kind === 'binary' && node.operator !== 'in';
}

interface Level {
  /** Levels of the node. */
  readonly total: number;
  /** Of a chain: the deepest operand below it, and its number of operators. */
  readonly operands: number;
  readonly chain: number;
}

export class Levels {
  readonly #levels = new Map<ConditionNode, Level>();

  /** The levels of a node whose parts have been added before. */
  add(node: ConditionNode): number {
    const level = this.#levelOf(node);
    this.#levels.set(node, level);
    return level.total;
  }

  #levelOf(node: ConditionNode): Level {
    switch (node.kind) {
      case 'literal':
      case 'tag':
        return plain(0);
      case 'list':
        return plain(1 + this.#deepest(node.items));
      case 'call':
        return plain(1 + this.#deepest(node.args));
      case 'unary':
        return plain(1 + this.#deepest([node.operand]));
      case 'conditional':
        return plain(1 + this.#deepest([node.test, node.whenTrue, node.whenFalse]));
      case 'logical':
        return plain(Math.ceil(Math.log2(node.operands.length)) + this.#deepest(node.operands));
      case 'binary':
        return isChained(node) ? this.#chain(node) : plain(1 + this.#deepest([node.left, node.right]));
    }
  }

  #chain(node: ChainNode): Level {
    const left = this.#get(node.left);
    const chain = left.chain + 1;
    const operands = Math.max(left.chain > 0 ? left.operands : left.total, this.#get(node.right).total);
    return { total: operands + (chain <= maxNestedChain ? chain : 1), operands, chain };
  }

  #deepest(nodes: readonly ConditionNode[]): number {
    return nodes.reduce((deepest, node) => Math.max(deepest, this.#get(node).total), 0);
  }

  #get(node: ConditionNode): Level {
    return this.#levels.get(node) as Level;
  }
}

function plain(total: number): Level {
  return { total, operands: 0, chain: 0 };
}
