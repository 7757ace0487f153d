/**
 * Conditions: compiled once, tested many times. The language is JavaScript's, cut down (language reference,
 * "Conditions"); it is parsed here, translated to filtrex and evaluated by it.
 */
import { WorkflowError, InvariantError } from '../core/errors.ts';
import { plainValue } from '../core/choice.ts';
import type { ConditionNode } from './condition/ast.ts';
import { Outcome, type Evaluation } from './condition/filtrex.ts';
import { parseCondition } from './condition/parser.ts';
import { compileTree } from './condition/translation.ts';
import { describeLimit, resolveOptions, type ExpressionOptions } from './options.ts';
import type { Path, Scope } from './path.ts';
import { ExpressionSyntaxError } from './syntax-error.ts';

export interface Condition {
  readonly source: string;
  /** Every path it reads, once, in order of appearance. */
  readonly paths: readonly Path[];
  readonly ast: ConditionNode;
  /** The truthiness of {@link Condition.evaluate}, as JavaScript has it. */
  test(scope: Scope): boolean;
  /**
   * The value of the expression; of a router's output, the chosen step id. Throws `WorkflowError` `CONDITION_FAILED` when
   * the scope throws, or when the data is nothing JSON can hold (an `Error`, a cycle, a bigint in a sum).
   */
  evaluate(scope: Scope): unknown;
}

/** Throws {@link ExpressionSyntaxError}. */
export function compileCondition(source: string, options?: ExpressionOptions): Condition {
  const resolved = resolveOptions(options);
  if (typeof source !== 'string') {
    throw new ExpressionSyntaxError({
      code: 'CONDITION_SYNTAX',
      summary: 'this is not a condition',
      source: '',
      offset: 0,
      expected: 'a string with an expression, or a function',
      received: source === null ? 'null' : typeof source,
    });
  }
  const { limits } = resolved;
  if (source.length > limits.maxConditionLength) {
    throw new ExpressionSyntaxError({
      code: 'EXPRESSION_TOO_LARGE',
      summary: `the condition is too long (${describeLimit(limits, 'maxConditionLength')})`,
      source,
      offset: limits.maxConditionLength,
      received: `${source.length.toLocaleString('en-US')} characters`,
    });
  }
  const ast = parseCondition(source, resolved);
  return new CompiledCondition(source, ast);
}

class CompiledCondition implements Condition {
  readonly source: string;
  readonly ast: ConditionNode;
  readonly paths: readonly Path[];
  readonly #evaluate: Evaluation;

  constructor(source: string, ast: ConditionNode) {
    const { evaluate, paths } = compileTree(ast);
    this.source = source;
    this.ast = ast;
    this.paths = paths;
    this.#evaluate = evaluate;
  }

  test(scope: Scope): boolean {
    return Boolean(this.evaluate(scope));
  }

  evaluate(scope: Scope): unknown {
    const outcome = this.#evaluate(scope);
    if (!(outcome instanceof Outcome)) throw this.#failure(outcome);
    const value = plainValue(outcome.value);
    if (value instanceof Error) throw this.#failure(value);
    return value;
  }

  /** An invariant that broke is passed on as it is: it is no failure of the condition. */
  #failure(thrown: unknown): Error {
    if (thrown instanceof InvariantError) return thrown;
    const reason = thrown instanceof Error ? thrown.message : `a ${typeof thrown} was thrown`;
    const message = `the condition failed: ${reason}`;
    return new WorkflowError('CONDITION_FAILED', message, { cause: thrown, details: { condition: this.source } });
  }
}
