/** What tests say about mistakes. */
import { ExpressionSyntaxError } from '../../src/expressions/index.ts';

/** The mistake that `compile` reports. */
export function mistakeOf(compile: () => unknown): ExpressionSyntaxError {
  try {
    compile();
  } catch (error) {
    if (error instanceof ExpressionSyntaxError) return error;
    throw error;
  }
  throw new Error('no mistake was reported');
}

/** Nobody should ever see what the libraries below say about their own sources. */
export const foreignWords = /jison|lexical error|parse error|EndOfExpression|filtrex|mustache|call stack/i;
