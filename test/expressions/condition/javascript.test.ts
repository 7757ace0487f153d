/** Generated conditions against JavaScript itself, on primitive data. `in` and objects depart from it and are left out. */
import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCondition } from '../../../src/expressions/index.ts';
import { scopeOf } from '../scopes.ts';

type Primitive = string | number | boolean | null | undefined;

/** A condition under construction: the same text twice, with tags and with variables. */
interface Pair {
  readonly ours: string;
  readonly theirs: string;
}

const variables = ['v0', 'v1', 'v2', 'v3'] as const;

const texts = [
  '',
  ' ',
  '0',
  '1',
  '-2',
  '150',
  '1e3',
  '0x10',
  'a',
  'ab',
  'B',
  'true',
  'null',
  'NaN',
  ' 7 ',
  'é😀',
  '\n',
  `'"\\`,
];
const primitive: fc.Arbitrary<Primitive> = fc.oneof(
  fc.constantFrom<Primitive[]>(0, -0, 1, -1, 2, 0.5, 1e3, 1e21, 1e308, 1e-7, NaN, Infinity, -Infinity),
  fc.constantFrom<Primitive[]>(true, false, null, undefined),
  fc.constantFrom<Primitive[]>(...texts),
  fc.integer({ min: -20, max: 20 }),
);

const same = (text: string): Pair => ({ ours: text, theirs: text });

const literal = fc.oneof(
  fc
    .constantFrom(
      'true',
      'false',
      'null',
      'undefined',
      '0',
      '1',
      '2.5',
      '.5',
      '3.',
      '1e2',
      '1E-2',
      '0x1f',
      '0b10',
      '0o7',
    )
    .map(same),
  fc.constantFrom(...texts).map((text) => same(JSON.stringify(text))),
  fc.constantFrom("'a'", "''", String.raw`'\''`, String.raw`"\x41\u0042\u{43}\q"`).map(same),
);
const tag = fc.constantFrom(...variables).map((name) => ({ ours: `{{vars.${name}}}`, theirs: name }));

const binaryOperators = ['===', '!==', '==', '!=', '<', '<=', '>', '>=', '&&', '||', '+', '-', '*', '/', '%'];
const blank = fc.constantFrom(' ', ' ', ' ', '\n', '\t  ');

const { expression } = fc.letrec<{ expression: Pair; operand: Pair }>((tie) => ({
  operand: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { arbitrary: tag, weight: 4 },
    { arbitrary: literal, weight: 3 },
    {
      arbitrary: fc
        .tuple(fc.constantFrom('!', '-', '+', '!!'), tie('operand'))
        .map(([operator, inner]) => unary(operator, inner)),
      weight: 2,
    },
    {
      arbitrary: tie('expression').map(({ ours, theirs }) => ({ ours: `(${ours})`, theirs: `(${theirs})` })),
      weight: 2,
    },
  ),
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { arbitrary: tie('operand'), weight: 1 },
    { arbitrary: chain(tie('operand')), weight: 4 },
    { arbitrary: fc.tuple(chain(tie('operand')), tie('expression'), tie('expression')).map(ternary), weight: 1 },
  ),
}));

function unary(operator: string, inner: Pair): Pair {
  return { ours: `${operator} ${inner.ours}`, theirs: `${operator} ${inner.theirs}` };
}

/** Operands and operators without parentheses: what binds tighter is for the two languages to agree on. */
function chain(operand: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const link = fc.tuple(blank, fc.constantFrom(...binaryOperators), blank, operand);
  return fc.tuple(operand, fc.array(link, { minLength: 1, maxLength: 5 })).map(([first, links]) =>
    links.reduce(
      (left, [before, operator, after, right]) => ({
        ours: `${left.ours}${before}${operator}${after}${right.ours}`,
        theirs: `${left.theirs}${before}${operator}${after}${right.theirs}`,
      }),
      first,
    ),
  );
}

function ternary([decider, whenTrue, whenFalse]: readonly [Pair, Pair, Pair]): Pair {
  const write = (side: keyof Pair) => `${decider[side]} ? ${whenTrue[side]} : ${whenFalse[side]}`;
  return { ours: write('ours'), theirs: write('theirs') };
}

type Evaluate = (...values: readonly Primitive[]) => unknown;

describe('a generated condition', () => {
  test('SIM-05: has the value and the truthiness that JavaScript gives it, in more than 20,000 cases', () => {
    const context = vm.createContext({});
    const compared = new Set<string>();
    fc.assert(
      fc.property(expression, fc.array(primitive, { minLength: 4, maxLength: 4 }), ({ ours, theirs }, values) => {
        const javascript = vm.runInContext(`(${variables.join(', ')}) => (${theirs})`, context) as Evaluate;
        const expected = javascript(...values);
        const condition = compileCondition(ours);
        const scope = scopeOf(Object.fromEntries(variables.map((name, index) => [name, values[index]])));
        const actual = condition.evaluate(scope);
        if (!Object.is(actual, expected)) expect.fail(`${ours} is ${String(actual)}, not ${String(expected)}`);
        if (condition.test(scope) !== Boolean(expected)) expect.fail(`${ours} has the wrong truthiness`);
        compared.add(ours);
      }),
      { numRuns: 26_000 },
    );
    expect(compared.size).toBeGreaterThan(20_000);
  }, 60_000);
});
