import { describe, expect, test } from 'vitest';
import { compileTemplate, type Scope } from '../../../src/expressions/index.ts';
import { scopeOf } from '../scopes.ts';

const vars = { zero: 0, no: false, empty: '', nan: NaN, nil: null, a: 'A', b: { deep: 1 }, list: [] };

describe('a fallback', () => {
  test.each<[string, unknown]>([
    ['{{vars.a}} || {{vars.b}}', 'A'],
    ['{{vars.missing}} || {{vars.b}}', vars.b],
    ['{{vars.nil}} || {{vars.a}}', 'A'],
    ['{{vars.empty}} || {{vars.a}}', 'A'],
    ['{{vars.no}} || {{vars.a}}', 'A'],
    ['{{vars.zero}} || {{vars.a}}', 'A'],
    ['{{vars.nan}} || {{vars.a}}', 'A'],
    ['{{vars.list}} || {{vars.a}}', vars.list],
    ['{{vars.missing}} ?? {{vars.a}}', 'A'],
    ['{{vars.nil}} ?? {{vars.a}}', 'A'],
    ['{{vars.zero}} ?? {{vars.a}}', 0],
    ['{{vars.empty}} ?? {{vars.a}}', ''],
    ['{{vars.no}} ?? {{vars.a}}', false],
    ['{{vars.missing}} || {{vars.nil}} || {{vars.a}}', 'A'],
    ['{{vars.missing}} || {{vars.nil}}', null],
    ['{{vars.nil}} ?? {{vars.missing}}', undefined],
    ['{{vars.zero}} || {{vars.nil}} ?? {{vars.a}}', 'A'],
    ['{{vars.zero}} ?? {{vars.a}} || {{vars.b}}', vars.b],
    ['{{vars.a}} || {{vars.nil}} ?? {{vars.b}}', 'A'],
    ['{{vars.missing}} || "none"', 'none'],
    [`{{vars.missing}} || 'it"s'`, 'it"s'],
    [String.raw`{{vars.missing}} ?? "a\nb"`, 'a\nb'],
    ['{{vars.missing}} || {{vars.nil}} || "none"', 'none'],
    ['{{vars.missing}} ?? 5', 5],
    ['{{vars.missing}} ?? -1.5e3', -1500],
    ['{{vars.missing}} ?? true', true],
    ['{{vars.a}} && false', 'A && false'],
    ['{{vars.missing}} ?? null', null],
    ['{{vars.missing}} ?? []', []],
    ['{{vars.missing}} ?? {"a":[1]}', { a: [1] }],
    ['{{vars.a}} ?? "unused"', 'A'],
    ['{{vars.missing}}||{{vars.a}}', 'A'],
    ['{{vars.missing}}\n  || {{vars.a}}\n', 'A'],
    ['  {{{vars.missing}}} || {{&vars.a}}  ', 'A'],
  ])('%s gives %j', (template, value) => {
    expect(compileTemplate(template).render(scopeOf(vars))).toEqual(value);
  });

  test('is known as one', () => {
    expect(compileTemplate('{{vars.a}} || {{vars.b}}').kind).toBe('fallback');
  });

  test.each([
    ['{{vars.a}} || something else', 'A || something else'],
    ['{{vars.a}} || {{vars.a}} now', 'A || A now'],
    ['either {{vars.a}} || {{vars.a}}', 'either A || A'],
    ['{{vars.a}} | {{vars.a}}', 'A | A'],
    ['{{vars.a}} ||| {{vars.a}}', 'A ||| A'],
    ['{{vars.a}} || "x" || {{vars.a}}', 'A || "x" || A'],
    ['{{vars.a}} || "unclosed', 'A || "unclosed'],
    ['{{vars.a}} || "x" y', 'A || "x" y'],
    ['{{vars.a}} ||', 'A ||'],
    ['{{vars.a}}{{vars.a}}{{vars.a}}', 'AAA'],
    ['|| {{vars.a}}', '|| A'],
    ['"x" || {{vars.a}}', '"x" || A'],
    ['{{vars.a}} || {{! note }}', 'A || '],
    ['{{vars.a}} {{! note }}{{vars.a}}', 'A A'],
    ['{{vars.a}}{{! note }}', 'A'],
    [' {{vars.a}} ', ' A '],
    ['{{vars.a}} || "{{vars.a}}"', 'A || "A"'],
  ])('%s is ordinary text', (template, text) => {
    const compiled = compileTemplate(template);
    expect(compiled.kind).toBe('text');
    expect(compiled.render(scopeOf(vars))).toBe(text);
  });

  test('reads no further than it needs', () => {
    const read: string[] = [];
    const scope: Scope = ({ source }) => {
      read.push(source);
      return source === 'vars.b' ? 1 : undefined;
    };
    compileTemplate('{{vars.a}} || {{vars.b}} || {{vars.c}} ?? {{vars.d}}').render(scope);
    expect(read).toEqual(['vars.a', 'vars.b']);
  });

  test('gives a literal that nobody can change for others', () => {
    const template = compileTemplate('{{vars.missing}} ?? {"a":[]}');
    const first = template.render(scopeOf({})) as { a: unknown[] };
    first.a.push('changed');
    expect(template.render(scopeOf({}))).toEqual({ a: [] });
  });
});
