/**
 * What filtrex evaluates conditions with: our operators and functions in place of its own, and values from the scope. The
 * text it gets is made by `translation.ts`.
 *
 * F1. filtrex gives back what was thrown instead of throwing it. Only a value that arrived at `done` is a result.
 * F2. `hold(x)` remembers `x` and gives its truthiness; `held()`, which always comes next, takes it back. So `&&` and
 *     `||` evaluate an operand once and give it as their value. Nothing is evaluated between the two.
 */
import { compileExpression } from 'filtrex';
import { InvariantError } from '../../core/errors.ts';
import { readScope, type Path, type Scope } from '../path.ts';
import { conditionFunctions } from './functions.ts';
import type { ChainOperator } from './levels.ts';
import * as values from './values.ts';

/** What a condition came to: the value that arrived at the end (F1). */
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

/** A binary operator: what it does, and how it is written for filtrex. */
export interface Operation {
  readonly apply: (a: unknown, b: unknown) => unknown;
  readonly emit: (a: string, b: string) => string;
}

function infix(operator: Exclude<keyof typeof infixOperators, '~='>): Operation {
  return { apply: infixOperators[operator], emit: (a, b) => `(${a} ${operator} ${b})` };
}

function named(name: string, apply: Operation['apply']): Operation {
  return { apply, emit: (a, b) => `${name}(${a}, ${b})` };
}

export const operations: Readonly<Record<ChainOperator, Operation>> = {
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
