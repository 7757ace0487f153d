import { describe, expect, test } from 'vitest';
import { TemplateError } from '../../src/core/errors.ts';
import { compileValue, ExpressionErrors } from '../../src/expressions/index.ts';
import { emptyScope, scopeOf } from './scopes.ts';

function errorsOf(compile: () => unknown): ExpressionErrors {
  try {
    compile();
  } catch (error) {
    if (error instanceof ExpressionErrors) return error;
    throw error;
  }
  throw new Error('no mistake was reported');
}

describe('data with templates', () => {
  test('renders the templates in its strings and keeps the rest', () => {
    const source = {
      prompt: 'Say {{vars.word}}',
      list: ['{{vars.n}}', 2, [{ deep: '{{vars.o}}' }]],
      fallback: '{{vars.missing}} || "none"',
      plain: { a: [1, null, true, 'text'] },
      '{{vars.word}}': 1,
    };
    const value = compileValue(source);
    expect(value.render(scopeOf({ word: 'hi', n: 5, o: { x: 1 } }))).toEqual({
      prompt: 'Say hi',
      list: [5, 2, [{ deep: { x: 1 } }]],
      fallback: 'none',
      plain: { a: [1, null, true, 'text'] },
      '{{vars.word}}': 1,
    });
    expect(value).toMatchObject({ constant: false, source });
  });

  test('may be a single template', () => {
    const value = compileValue('{{vars.a}}');
    expect(value.render(scopeOf({ a: [1] }))).toEqual([1]);
    expect(value.render(emptyScope)).toBeUndefined();
    expect(value.places).toEqual([{ path: { source: 'vars.a', segments: ['vars', 'a'] }, at: '' }]);
  });

  test.each([[{ a: [1, { b: 'text' }], c: null }], [[]], ['text'], [5], [null], [true], [undefined], [{}]])(
    '%j is a constant and is given as it is',
    (source) => {
      const value = compileValue(source);
      expect(value).toMatchObject({ constant: true, paths: [], places: [] });
      expect(value.render(emptyScope)).toBe(source);
    },
  );

  test('leaves what is undefined out of objects and makes it null in arrays', () => {
    const value = compileValue({ a: '{{vars.missing}}', b: ['{{vars.missing}}', 1], c: '{{vars.nil}}', d: undefined });
    expect(value.render(scopeOf({ nil: null }))).toStrictEqual({ b: [null, 1], c: null });
    const constant = compileValue({ a: undefined, b: [undefined, 1], c: 'x{{! note }}' });
    expect(constant.constant).toBe(true);
    expect(constant.render(emptyScope)).toStrictEqual({ b: [null, 1], c: 'x' });
  });

  test('lists paths once and places all', () => {
    const { paths, places } = compileValue({
      prompt: '{{vars.a}} {{vars.b}}',
      list: [{ 'a key': '{{vars.a}}' }, '{{vars.b}}'],
    });
    expect(paths.map(({ source }) => source)).toEqual(['vars.a', 'vars.b']);
    expect(places.map(({ path, at }) => [path.source, at])).toEqual([
      ['vars.a', 'prompt'],
      ['vars.b', 'prompt'],
      ['vars.a', 'list[0]["a key"]'],
      ['vars.b', 'list[1]'],
    ]);
  });

  test('passes options on, and tells where a template failed', () => {
    const value = compileValue({ a: { url: 'http://h/{{vars.q}}' } });
    expect(value.render(scopeOf({ q: 'a b' }), { encode: encodeURIComponent })).toEqual({
      a: { url: 'http://h/a%20b' },
    });
    expect(value.render(emptyScope, { missing: 'empty' })).toEqual({ a: { url: 'http://h/' } });
    const run = () => value.render(emptyScope);
    expect(run).toThrow("a.url: the template reads 'vars.q', which has no value here");
    expect(run).toThrow(expect.objectContaining({ name: 'TemplateError', details: { path: 'vars.q', at: 'a.url' } }));
    expect(() => compileValue('x{{vars.q}}').render(emptyScope)).toThrow(/^the template reads 'vars.q'/);
    const thrown = new Error('the store is gone');
    const failing = () =>
      value.render(() => {
        throw thrown;
      });
    expect(failing).toThrow(thrown);
    expect(failing).not.toThrow(TemplateError);
  });

  test('does not let keys of the data become a prototype', () => {
    const source = JSON.parse('{"__proto__": {"polluted": "{{vars.a}}"}, "constructor": "{{vars.a}}"}') as unknown;
    const result = compileValue(source).render(scopeOf({ a: 1 })) as Record<string, unknown>;
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":1},"constructor":1}');
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(result['polluted']).toBeUndefined();
  });

  test('TPL-017: a body built from values is sound JSON whatever the values hold', () => {
    const q = 'a"b\n\\';
    const body = compileValue({ q: '{{vars.q}}', text: 'is {{vars.q}}' }).render(scopeOf({ q }));
    expect(JSON.parse(JSON.stringify(body))).toEqual({ q, text: `is ${q}` });
  });
});

describe('wrong data with templates', () => {
  test('is reported with all mistakes, each at its place', () => {
    const source = { prompt: '{{foo.a}}', ok: '{{vars.a}}', list: ['fine', '{{vars.a'], deep: { 'a key': '{{}}' } };
    const errors = errorsOf(() => compileValue(source));
    expect(errors.items.map(({ at, error }) => [at, error.code])).toEqual([
      ['prompt', 'TEMPLATE_ROOT'],
      ['list[1]', 'TEMPLATE_SYNTAX'],
      ['deep["a key"]', 'TEMPLATE_SYNTAX'],
    ]);
    expect(errors.message).toMatch(/^prompt: unknown root 'foo'/);
    expect(errors.toIssues('steps[0].input').map(({ path }) => path)).toEqual([
      'steps[0].input.prompt',
      'steps[0].input.list[1]',
      'steps[0].input.deep["a key"]',
    ]);
  });

  test('that is one template is reported at the place itself', () => {
    const errors = errorsOf(() => compileValue('{{foo}}'));
    expect(errors.message).toMatch(/^unknown root/);
    expect(errors.toIssues('output')[0]?.path).toBe('output');
    expect(errorsOf(() => compileValue(['{{foo}}'])).toIssues('output')[0]?.path).toBe('output[0]');
    expect(errorsOf(() => compileValue({ a: '{{foo}}' })).toIssues('')[0]?.path).toBe('a');
  });

  test.each<[unknown, string]>([
    [() => 1, 'a function'],
    [Symbol('x'), 'a symbol'],
    [1n, 'a bigint'],
    [new Date(0), 'an instance of Date'],
    [new Map(), 'an instance of Map'],
    [new (class {})(), 'an object of a class'],
    [Object.create(Object.create({ constructor: 5 })), 'an object of a class'],
  ])('%s is not plain data', (member, received) => {
    const [mistake] = errorsOf(() => compileValue({ a: [member] })).items;
    expect(mistake).toMatchObject({ at: 'a[0]', error: { code: 'TEMPLATE_DATA', received } });
  });

  test('may not be nested too deep, or in itself', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const [mistake] = errorsOf(() => compileValue(cyclic)).items;
    expect(mistake?.error.message).toMatch(/nested too deep \(limit 64, option 'maxDataDepth'\)/);
    expect(() => compileValue([[1]], { limits: { maxDataDepth: 1 } })).toThrow(/limit 1,/);
    expect(() => compileValue([1], { limits: { maxDataDepth: 1 } })).not.toThrow();
  });

  test('is told apart from a bug', () => {
    const roots = new Proxy([], {
      get() {
        throw new RangeError('a bug');
      },
    });
    expect(() => compileValue('{{vars.a}}', { roots })).toThrow(RangeError);
  });

  test('knows the roots it is given', () => {
    expect(compileValue(['{{item}}'], { roots: ['item'] }).render(() => 3)).toEqual([3]);
  });
});
