import { describe, expect, test } from 'vitest';
import { Choice, dataScope, defaultRoots, parsePath, readOwn } from '../../src/expressions/index.ts';
import { readScope } from '../../src/expressions/path.ts';
import { mistakeOf } from './syntax.ts';

describe('a path', () => {
  test.each([
    ['workflow.input.topic', ['workflow', 'input', 'topic']],
    ['steps.fetch-research.output.len', ['steps', 'fetch-research', 'output', 'len']],
    ['steps.a.output.items.0.title', ['steps', 'a', 'output', 'items', '0', 'title']],
    ['loop', ['loop']],
    ['vars.größe.$ref._x', ['vars', 'größe', '$ref', '_x']],
  ])('%s is read into its names', (source, segments) => {
    expect(parsePath(source)).toEqual({ source, segments });
  });

  test.each<[string, RegExp]>([
    ['steps..output', /only names a value/],
    ['.steps', /only names/],
    ['steps.', /only names/],
    ['0.a', /only names/],
    ['-a', /only names/],
    ['steps . a', /only names/],
    ['workflow["input"]', /items\.0\.title/],
    ['vars.a || vars.b', /a tag of its own/],
    ['vars.a ?? vars.b', /a tag of its own/],
    ['vars.a | upper', /filters are not supported/],
    ['vars.a === 1', /condition or in a transform step/],
    ['length(vars.a)', /condition or in a transform step/],
    [`vars.${'a b'.repeat(50)}`, /only names/],
  ])('%s is not valid', (source, hint) => {
    const mistake = mistakeOf(() => parsePath(source));
    expect(mistake.code).toBe('TEMPLATE_SYNTAX');
    expect(mistake.summary).toMatch(/is not a valid name or path$/);
    expect(mistake.summary.length).toBeLessThan(120);
    expect(mistake.hint).toMatch(hint);
  });

  test('with an unknown root is refused with the known ones', () => {
    const mistake = mistakeOf(() => parsePath('foo.bar'));
    expect(mistake).toMatchObject({ code: 'TEMPLATE_ROOT', summary: "unknown root 'foo'" });
    expect(mistake.expected).toBe(`one of ${defaultRoots.join(', ')}`);
    expect(mistake.hint).toMatch(/workflow\.input/);
    expect(mistakeOf(() => parsePath('step.a.output')).hint).toBe("did you mean 'steps'?");
  });

  test('may begin with any of the roots that are given', () => {
    expect(parsePath('item.name', { roots: ['item'] }).segments).toEqual(['item', 'name']);
    expect(parsePath('anything', { roots: null }).segments).toEqual(['anything']);
    expect(mistakeOf(() => parsePath('a', { roots: [] })).summary).toBe("unknown root 'a'");
  });
});

describe('reading along a path', () => {
  const data = JSON.parse(
    '{"a":{"b":[1,{"c":"text"}],"":0,"__proto__":{"own":1},"constructor":"Ferrari"},"n":null}',
  ) as unknown;

  test.each<[string, unknown]>([
    ['a.b.0', 1],
    ['a.b.1.c', 'text'],
    ['a.b.length', 2],
    ['a.b.1.c.length', 4],
    ['a.__proto__.own', 1],
    ['a.constructor', 'Ferrari'],
    ['n', null],
    ['n.x', undefined],
    ['missing', undefined],
    ['missing.deep', undefined],
    ['a.b.2', undefined],
    ['a.b.-1', undefined],
    ['a.b.push', undefined],
    ['a.toString', undefined],
    ['a.b.constructor', undefined],
    ['a.b.__proto__', undefined],
    ['a.b.1.c.0', undefined],
    ['a.b.0.length', undefined],
    ['a.length', undefined],
  ])('%s', (path, value) => {
    expect(readOwn(data, path.split('.'))).toEqual(value);
  });

  test('starts where it is told', () => {
    expect(readOwn({ b: 1 }, ['a', 'b'], 1)).toBe(1);
    expect(readOwn('text', ['a'], 1)).toBe('text');
  });

  test('never calls a getter and never sees a function', () => {
    const view = {
      get trap(): never {
        throw new Error('called');
      },
      f: Object.assign(() => 1, { inside: 1 }),
    };
    expect(readOwn(view, ['trap'])).toBeUndefined();
    expect(readOwn(view, ['f'])).toBeUndefined();
    expect(readOwn(view, ['f', 'inside'])).toBeUndefined();
    expect(readOwn(() => 1, [])).toBeUndefined();
    expect(readOwn(Object.create({ inherited: 1 }), ['inherited'])).toBeUndefined();
  });

  test('goes through a choice by its value', () => {
    const choice = new Choice('publish', ['blog']);
    expect(readOwn({ choice }, ['choice'])).toBe(choice);
    expect(readOwn({ choice }, ['choice', 'length'])).toBe(7);
    expect(readOwn({ choice }, ['choice', 'value'])).toBeUndefined();
    expect(readOwn({ choice }, ['choice', 'aliases'])).toBeUndefined();
    expect(readOwn(new Choice(null), ['length'])).toBeUndefined();
  });

  test('a scope over data gives what is there', () => {
    const scope = dataScope({ vars: { a: 1 } });
    expect(scope(parsePath('vars.a'))).toBe(1);
    expect(scope(parsePath('vars.b'))).toBeUndefined();
    expect(readScope(() => () => 1, parsePath('vars.a'))).toBeUndefined();
    expect(readScope(() => Symbol('x'), parsePath('vars.a'))).toBeUndefined();
  });
});
