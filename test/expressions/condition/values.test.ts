import { describe, expect, test } from 'vitest';
import { Choice, compileCondition, dataScope, type Scope } from '../../../src/expressions/index.ts';
import { emptyScope, scopeOf } from '../scopes.ts';
import { accepted, caseData } from './cases.ts';

function evaluate(condition: string, vars: Readonly<Record<string, unknown>> = {}): unknown {
  return compileCondition(condition).evaluate(scopeOf(vars));
}

describe('a condition', () => {
  test.each(accepted)('$id $condition is $value', ({ condition, value }) => {
    expect(compileCondition(condition).evaluate(dataScope(caseData))).toBe(value);
    expect(compileCondition(condition).test(dataScope(caseData))).toBe(Boolean(value));
  });

  test.each<[string, unknown]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 4 - 3', 3],
    ['7 % 4', 3],
    ['-1 % 3', -1],
    ['2 * 3 % 4 / 2', 1],
    ['- - 1', 1],
    ['-"3"', -3],
    ['+"3" + 1', 4],
    ['+true', 1],
    ['-undefined', NaN],
    ['"a" + 1 + 2', 'a12'],
    ['1 + 2 + "a"', '3a'],
    ['1 + null', 1],
    ['"a" + null', 'anull'],
    ['"150" > 100', true],
    ['"b" > "a"', true],
    ['"10" < "9"', true],
    ['"x" > 5', false],
    ['1 < 2 < 3', true],
    ['3 > 2 > 1', false],
    ['1 < 2 === true', true],
    ['1 == "1"', true],
    ['1 === "1"', false],
    ['1 != "1"', false],
    ['1 !== "1"', true],
    ['null == undefined', true],
    ['null === undefined', false],
    ['null != 0', true],
    ['true || false && false', true],
    ['false && true || 5', 5],
    ['0 || "" || "x"', 'x'],
    ['1 && 2 && 3', 3],
    ['1 && 0 && 3', 0],
    ['null || undefined', undefined],
    ['(1 && 2) && (0 || 3)', 3],
    ['!0', true],
    ['!!"a"', true],
    ['!(1 && 0)', true],
    ['!(0 || 1)', false],
    ['!(1 < 2)', false],
    ['!-1', false],
    ['1 ? 2 : 3', 2],
    ['0 ? 2 : 1 ? 4 : 5', 4],
    ['1 ? 0 ? 2 : 3 : 4', 3],
    ['0 || 1 ? 2 : 3', 2],
    ['1 ?.5 : 2', 0.5],
    ['1 < 2 ? "yes" : "no"', 'yes'],
    ['"5" * "2"', 10],
    ['7 / 2', 3.5],
    ['0x1F', 31],
    ['0b11 + 0o17', 18],
    ['5.', 5],
    ['1.5e-1', 0.15],
    ['[]', []],
    ['[1, "a", null]', [1, 'a', null]],
    [String.raw`"\t\b\f\v\r\0\x41\u0042\u{1F600}\'\"\\\q"`, '\t\b\f\v\r\0AB😀\'"\\q'],
    ['"a\\\nb\\\r\nc"', 'abc'],
    [`'it"s'`, 'it"s'],
    ['1\n+\t2', 3],
  ])('%s is %j, as in JavaScript', (condition, value) => {
    expect(evaluate(condition)).toEqual(value);
  });

  test('a chain of mixed operators keeps its order', () => {
    expect(evaluate('{{vars.a}} - 1 - 2 + 3 * 2 % 4 == 9 === true', { a: 10 })).toBe(true);
    expect(evaluate('"a" + 1 - 1 + "b" + 2 * 3')).toBe('NaNb6');
  });

  test.each(['{{vars.a}}', '{{ vars.a }}', '{{{vars.a}}}', '{{{ vars.a }}}', '{{&vars.a}}', '{{& vars.a }}'])(
    'reads the tag %s',
    (tag) => {
      expect(evaluate(`${tag} + 1`, { a: 1 })).toBe(2);
    },
  );

  test('has the truthiness of JavaScript', () => {
    const condition = compileCondition('{{vars.a}}');
    for (const a of [1, 'x', true, [], {}, -1]) expect(condition.test(scopeOf({ a }))).toBe(true);
    for (const a of [0, '', false, null, undefined, NaN]) expect(condition.test(scopeOf({ a }))).toBe(false);
  });

  test('lists its paths once, in order of appearance', () => {
    const condition = compileCondition(
      '{{vars.a}} + {{steps.b-c.output.0.d}} + {{vars.a}} - {{loop.index}} > {{env.X}} || {{vars.z}} in [{{state.y}}]',
    );
    const sources = condition.paths.map(({ source }) => source);
    expect(sources).toEqual(['vars.a', 'steps.b-c.output.0.d', 'loop.index', 'env.X', 'vars.z', 'state.y']);
    expect(condition.paths[1]?.segments).toEqual(['steps', 'b-c', 'output', '0', 'd']);
    expect(condition.source).toContain('{{steps.b-c.output.0.d}}');
  });

  test('does not evaluate what it does not need', () => {
    const read: string[] = [];
    const scope: Scope = ({ source }) => {
      read.push(source);
      return source === 'vars.yes';
    };
    compileCondition('{{vars.yes}} || {{vars.a}}').test(scope);
    compileCondition('{{vars.no}} && {{vars.a}}').test(scope);
    compileCondition('!({{vars.no}} && {{vars.a}})').test(scope);
    compileCondition('{{vars.yes}} ? {{vars.no}} : {{vars.a}}').test(scope);
    expect(read).not.toContain('vars.a');
    read.length = 0;
    compileCondition('{{vars.no}} || {{vars.yes}} || {{vars.a}}').test(scope);
    expect(read).toEqual(['vars.no', 'vars.yes']);
  });

  test('may be evaluated by the scope of another', () => {
    const inner = compileCondition('{{vars.x}} || {{vars.y}} || "inner"');
    const outer = compileCondition('({{vars.a}} && {{vars.b}}) || ({{vars.b}} && "outer")');
    const scope: Scope = () => inner.evaluate(emptyScope);
    expect(outer.evaluate(scope)).toBe('inner');
  });

  test('knows the roots it is given', () => {
    const condition = compileCondition('{{item.price}} > 3', { roots: ['item'] });
    expect(condition.test(dataScope({ item: { price: 4 } }))).toBe(true);
    expect(() => compileCondition('{{vars.price}} > 3', { roots: ['item'] })).toThrow(
      /unknown root 'vars'.*one of item/s,
    );
  });
});

describe('conditions as the design writes them', () => {
  const steps = {
    'parallel-tasks': { output: { summarize: 'x'.repeat(501), keywords: ['a'] } },
    decision: { output: new Choice('long-summary', ['then']) },
    'review-decision': { output: new Choice('approve', ['then']) },
    'publish-route': { output: new Choice('publish-blog', ['default', 'blog']) },
    previous: { output: { status: 'pending' } },
    score: { output: '150' },
  };

  test.each([
    ['{{steps.parallel-tasks.output.summarize.length}} > 500', true],
    ['{{steps.decision.output}} === "long-summary"', true],
    ['{{steps.decision.output}} === "short-summary"', false],
    ['{{steps.review-decision.output}} === "revise"', false],
    ['{{steps.review-decision.output}} === "approve"', true],
    ['{{steps.publish-route.output}} === "blog"', true],
    ['{{steps.publish-route.output}} === "social"', false],
    ['{{steps.score.output}} > 100', true],
    ['{{steps.previous.output.status}} === "pending"', true],
  ])('%s is %j', (condition, verdict) => {
    expect(compileCondition(condition).test(dataScope({ steps }))).toBe(verdict);
  });
});

describe('objects and arrays in conditions', () => {
  const vars = {
    list: [1, { a: 'x' }],
    same: [1, { a: 'x' }],
    other: [1],
    object: { a: 1, b: 2 },
    turned: { b: 2, a: 1 },
  };

  test.each<[string, unknown]>([
    ['{{vars.list}} === {{vars.same}}', true],
    ['{{vars.list}} == {{vars.same}}', true],
    ['{{vars.list}} !== {{vars.same}}', false],
    ['{{vars.list}} != {{vars.other}}', true],
    ['{{vars.object}} == {{vars.turned}}', true],
    ['{{vars.object}} == {{vars.list}}', false],
    ['{{vars.other}} == [1]', true],
    ['{{vars.other}} == 1', false],
    ['1 == {{vars.other}}', false],
    ['{{vars.other}} == "1"', false],
    ['{{vars.other}} === null', false],
    ['null == {{vars.other}}', false],
    ['null === null', true],
    ['{{vars.other}} + 1', '[1]1'],
    ['{{vars.object}} + ""', '{"a":1,"b":2}'],
    ['null + {{vars.other}}', 'null[1]'],
    ['{{vars.other}} * 2', NaN],
    ['-{{vars.other}}', NaN],
    ['{{vars.other}} > 0', false],
    ['{{vars.other}} <= 1', false],
    ['"a" >= {{vars.object}}', false],
    ['!{{vars.other}}', false],
  ])('%s is %j', (condition, value) => {
    expect(evaluate(condition, vars)).toEqual(value);
  });
});

describe('in', () => {
  const vars = { n: 5, word: 'blog', tags: ['blog', 'news'], text: 'a blog post', nested: [[1], [2]] };

  test.each<[string, boolean]>([
    ['{{vars.n}} in (5, 6)', true],
    ['{{vars.n}} in [5, 6]', true],
    ['{{vars.n}} in ("5", 6)', false],
    ['{{vars.n}} in (1, 2)', false],
    ['{{vars.n}} in []', false],
    ['{{vars.n}} in ()', false],
    ['{{vars.word}} in {{vars.tags}}', true],
    ['{{vars.word}} in ({{vars.tags}})', true],
    ['"x" in ({{vars.tags}})', false],
    ['{{vars.word}} in ("blog")', true],
    ['"lo" in ("blog")', false],
    ['"lo" in "blog"', true],
    ['"lo" in ("bl" + "og")', false],
    ['"lo" in ("bl") + "og"', true],
    ['{{vars.word}} in {{vars.text}}', true],
    ['"" in {{vars.text}}', true],
    ['5 in "a5"', true],
    ['5 in 151', true],
    ['true in "is true"', true],
    ['[2] in {{vars.nested}}', true],
    ['[3] in {{vars.nested}}', false],
    ['{{vars.missing}} in "undefined"', false],
    ['null in "null"', false],
    ['[1] in "[1]"', false],
    ['{{vars.word}} in {{vars.missing}}', false],
    ['{{vars.word}} in null', false],
    ['{{vars.missing}} in (undefined, 1)', true],
    ['!({{vars.n}} in (5, 6))', false],
    ['1 in (1) in (true, false)', true],
    ['{{vars.n}} in (5, 6) && {{vars.word}} in ("blog", "news") === true', true],
  ])('%s is %j', (condition, value) => {
    expect(evaluate(condition, vars)).toBe(value);
  });

  test('is membership in nothing but lists, arrays and texts', () => {
    expect(evaluate('"n" in {{vars.object}}', { object: { n: 1 } })).toBe(false);
  });
});

describe('the output of a router', () => {
  const vars = {
    route: new Choice('publish-blog', ['default', 'blog', 'post']),
    same: new Choice('publish-blog', ['other']),
    other: new Choice('publish-news', ['news']),
    none: new Choice(null),
    words: ['blog', 'news'],
    list: ['publish-blog'],
  };

  test.each<[string, unknown]>([
    ['{{vars.route}} === "publish-blog"', true],
    ['{{vars.route}} === "blog"', true],
    ['"blog" === {{vars.route}}', true],
    ['{{vars.route}} == "default"', true],
    ['"post" == {{vars.route}}', true],
    ['{{vars.route}} !== "blog"', false],
    ['{{vars.route}} != "social"', true],
    ['{{vars.route}} == "social"', false],
    ['{{vars.route}} === null', false],
    ['null === {{vars.route}}', false],
    ['{{vars.none}} === null', true],
    ['null === {{vars.none}}', true],
    ['{{vars.none}} === undefined', false],
    ['{{vars.none}} == undefined', true],
    ['undefined == {{vars.none}}', true],
    ['{{vars.none}} == "null"', false],
    ['{{vars.route}} === {{vars.same}}', true],
    ['{{vars.route}} == {{vars.other}}', false],
    ['{{vars.none}} == {{vars.none}}', true],
    ['{{vars.route}} === [1]', false],
    ['{{vars.route}} in ("blog", "x")', true],
    ['{{vars.route}} in ("blog")', true],
    ['{{vars.route}} in {{vars.words}}', true],
    ['{{vars.other}} in ("blog", "x")', false],
    ['"blog" in ({{vars.route}}, {{vars.other}})', true],
    ['"news" in [{{vars.route}}, {{vars.other}}]', true],
    ['"blog" in {{vars.route}}', true],
    ['"social" in {{vars.route}}', false],
    ['{{vars.route}} + "!"', 'publish-blog!'],
    ['{{vars.none}} + 1', 1],
    ['length({{vars.route}})', 12],
    ['upper({{vars.route}})', 'PUBLISH-BLOG'],
    ['startsWith({{vars.route}}, "pub")', true],
    ['{{vars.route}} > "a"', true],
    ['-{{vars.route}}', NaN],
    ['{{vars.route}}', 'publish-blog'],
    ['{{vars.none}}', null],
    ['!{{vars.none}}', true],
    ['{{vars.none}} || "x"', 'x'],
    ['({{vars.none}} || {{vars.route}}) === "blog"', true],
    ['[{{vars.route}}] == {{vars.list}}', true],
    ['isEmpty({{vars.none}})', true],
  ])('%s is %j', (condition, value) => {
    expect(evaluate(condition, vars)).toEqual(value);
  });

  test('a case key that is a number or a boolean is compared as text', () => {
    const route = new Choice('a', ['5', 'true']);
    expect(evaluate('{{vars.route}} === 5 && {{vars.route}} === true && {{vars.route}} !== 6', { route })).toBe(true);
  });
});
