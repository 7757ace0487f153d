import mustache from 'mustache';
import { afterEach, describe, expect, test } from 'vitest';
import { TemplateError } from '../../../src/core/errors.ts';
import { Choice, compileTemplate, dataScope, hasTags } from '../../../src/expressions/index.ts';
import { emptyScope, scopeOf } from '../scopes.ts';
import { foreignWords, mistakeOf } from '../syntax.ts';
import { caseData, refused, rendered } from './cases.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

const prototypeNames = Object.getOwnPropertyNames(Object.prototype);

afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeNames);
});

function render(template: string, vars: Readonly<Record<string, unknown>> = {}): unknown {
  return compileTemplate(template).render(scopeOf(vars));
}

describe('a template', () => {
  test.each(rendered)('$id renders as it should', ({ template, data, renders }) => {
    const before = JSON.stringify(data ?? caseData);
    expect(compileTemplate(template).render(dataScope(data ?? caseData))).toEqual(renders);
    expect(JSON.stringify(data ?? caseData)).toBe(before);
  });

  test('without tags is a constant', () => {
    for (const source of ['', 'plain', 'a }} b { c', '{"a":{"b":1}}', 'x'.repeat(100_000)]) {
      const template = compileTemplate(source);
      expect(template).toMatchObject({ source, kind: 'constant', paths: [] });
      expect(template.render(emptyScope)).toBe(source);
      expect(hasTags(source)).toBe(false);
    }
  });

  test('with comments alone is a constant without them', () => {
    expect(compileTemplate('a {{! note }}b')).toMatchObject({ kind: 'constant', source: 'a {{! note }}b' });
    expect(compileTemplate('a {{! note }}b').render(emptyScope)).toBe('a b');
    expect(compileTemplate('{{! note }}').render(emptyScope)).toBe('');
  });

  test.each(['{{vars.a}}', '{{ vars.a }}', '{{{vars.a}}}', '{{&vars.a}}', '{{ & vars.a }}', '{{{ vars.a }}}'])(
    'that is exactly the tag %s keeps the value and its type',
    (source) => {
      const template = compileTemplate(source);
      expect(template.kind).toBe('value');
      for (const a of [{ b: [1] }, [1, 2], 5, 0, true, false, null, '', 'x', undefined]) {
        expect(template.render(scopeOf({ a }))).toBe(a);
      }
    },
  );

  test('with anything around the tag is text', () => {
    expect(render('{{vars.a}} ', { a: 5 })).toBe('5 ');
    expect(render('{{vars.a}}{{vars.b}}', { a: 5, b: 6 })).toBe('56');
    expect(render('{{! note }}{{vars.a}}', { a: 5 })).toBe('5');
    expect(compileTemplate('{{vars.a}}{{vars.b}}').kind).toBe('text');
  });

  test('puts values into text without escaping them, whatever the braces', () => {
    const a = `<b> & "c" 'd' / \` =`;
    expect(render('{{vars.a}}|{{{vars.a}}}|{{&vars.a}}', { a })).toBe(`${a}|${a}|${a}`);
    expect(render('-{{{vars.o}}}|{{&vars.l}}|{{vars.n}}-', { o: { x: 1 }, l: [1, 'a'], n: null })).toBe(
      '-{"x":1}|[1,"a"]|-',
    );
  });

  test('fails on a path that is missing inside text, and names it', () => {
    const run = () => render('Summarize: {{vars.a.b}}', { a: {} });
    expect(run).toThrow(TemplateError);
    expect(run).toThrow("the template reads 'vars.a.b', which has no value here");
    expect(() => render('x{{{vars.f}}}', { f: () => 1 })).toThrow(/'vars\.f'/);
    expect(() => render('On {{workflow.input.topic}}')).toThrow(
      "the template reads 'workflow.input.topic', which is not in the run's input",
    );
  });

  test('renders a missing path as nothing when it is told to', () => {
    const template = compileTemplate('a{{vars.a}}b{{vars.n}}');
    expect(template.render(scopeOf({ n: 1 }), { missing: 'empty' })).toBe('ab1');
    expect(() => template.render(scopeOf({ n: 1 }), { missing: 'error' })).toThrow(/vars\.a/);
  });

  test('encodes what is put into text, and nothing else', () => {
    const encode = encodeURIComponent;
    const scope = scopeOf({ q: 'a b/c', n: 5, o: { x: 1 } });
    expect(compileTemplate('http://h/?q={{vars.q}}&n={{vars.n}}').render(scope, { encode })).toBe(
      'http://h/?q=a%20b%2Fc&n=5',
    );
    expect(compileTemplate('{{#vars.o}}{{x}}{{vars.q}}{{/vars.o}}').render(scope, { encode })).toBe('1a%20b%2Fc');
    expect(compileTemplate('{{vars.q}}').render(scope, { encode })).toBe('a b/c');
  });

  test('says which value could not be put into text', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    expect(() => render('x{{vars.a}}', { a: cyclic })).toThrow(/the value of 'vars\.a' cannot be put into text/);
    const encode = (): string => {
      throw 'no error' as unknown as Error;
    };
    expect(() => compileTemplate('x{{vars.a}}').render(scopeOf({ a: 'b' }), { encode })).toThrow(/unknown error/);
    expect(() =>
      compileTemplate('x{{vars.a}}').render(scopeOf({ a: '\ud800' }), { encode: encodeURIComponent }),
    ).toThrow(TemplateError);
  });

  test('takes the value of a choice', () => {
    const vars = { route: new Choice('publish', ['blog']), none: new Choice(null) };
    expect(render('{{vars.route}}', vars)).toBe('publish');
    expect(render('to {{vars.route}}{{vars.none}}', vars)).toBe('to publish');
    expect(render('{{vars.none}} || {{vars.route}}', vars)).toBe('publish');
    expect(render('{{#vars.route}}{{.}}{{/vars.route}}{{^vars.none}}!{{/vars.none}}', vars)).toBe('publish!');
  });

  test('never renders what it put in', () => {
    expect(render('{{vars.a}}-{{#vars.l}}{{.}}{{/vars.l}}', { a: '{{vars.b}}', l: ['{{vars.c}}'] })).toBe(
      '{{vars.b}}-{{vars.c}}',
    );
  });

  test('does not care what others in the process do to mustache', () => {
    const { tags } = mustache;
    try {
      mustache.tags = ['<%', '%>'];
      expect(render('a{{vars.a}}<% vars.a %>', { a: 1 })).toBe('a1<% vars.a %>');
    } finally {
      mustache.tags = tags;
    }
  });

  test('lists its paths once, in order of appearance', () => {
    const template = compileTemplate(
      '{{vars.b}} {{steps.a-b.output}} {{{vars.b}}} {{#vars.l}}{{name}} {{env.X}} {{.}} {{state}}{{/vars.l}}',
    );
    expect(template.paths.map(({ source }) => source)).toEqual([
      'vars.b',
      'steps.a-b.output',
      'vars.l',
      'env.X',
      'state',
    ]);
    expect(compileTemplate('{{vars.b}} || {{vars.c}}').paths.map(({ source }) => source)).toEqual(['vars.b', 'vars.c']);
  });

  test('knows the roots it is given', () => {
    expect(compileTemplate('{{item}}', { roots: ['item'] }).render(dataScope({ item: 3 }))).toBe(3);
  });

  test('SEC-TPL-14: many templates are not kept', () => {
    for (let index = 0; index < 20_000; index += 1) compileTemplate(`{{vars.a${index}}} is ${index}`);
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 20_000; index += 1)
      compileTemplate(`{{vars.b${index}}} is ${index} ${'x'.repeat(100)}`);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 1024 * 1024);
  });
});

describe('a wrong template', () => {
  test.each(refused)('$id is refused at once', ({ template, says }) => {
    const took = cpuTimer();
    const mistake = mistakeOf(() => compileTemplate(template));
    expect(took()).toBeLessThan(200);
    for (const pattern of says) expect(mistake.message).toMatch(pattern);
    expect(mistake.message).not.toMatch(foreignWords);
    expect(mistake.excerpt.length).toBeLessThan(300);
  });

  test.each([
    ['a {{vars.a', 3, "unclosed tag: '}}' is missing"],
    ['a {{{vars.a}}', 3, "unclosed tag: '}}}' is missing"],
    ['a {{', 3, "unclosed tag: '}}' is missing"],
    ['{{vars.a}} {{ }}', 12, 'this tag is empty'],
    ['{{#}}{{/}}', 1, 'this tag is empty'],
    ['{{vars.a b}}', 1, "'vars.a b' is not a valid name or path"],
    ['x {{.}}', 3, "'.' is not a valid name outside of a section"],
    ['{{#vars.a}}x', 1, "section 'vars.a' is not closed"],
    ['{{#vars.a}}{{^vars.b}}{{/vars.b}}', 1, "section 'vars.a' is not closed"],
    ['x{{/vars.a}}', 2, "section 'vars.a' is closed here, but it is not open"],
    ['{{#vars.a}}{{#b}}{{/vars.a}}{{/b}}', 18, "section 'b' is not closed before 'vars.a' is"],
    ['{{#vars.a}}{{name}}{{/vars.a}}{{name}}', 31, "unknown root 'name'"],
    ['{{#vars.a}}{{b..c}}{{/vars.a}}', 12, "'b..c' is not a valid name or path"],
    ['a {{ = | | = }}', 3, 'other delimiters than {{ and }} are not supported'],
  ])('%s has its mistake at column %i', (template, column, summary) => {
    const mistake = mistakeOf(() => compileTemplate(template));
    expect(mistake.summary).toBe(summary);
    expect(mistake.position).toMatchObject({ line: 1, column });
  });

  test.each([5, null, undefined])('%s is no template', (template) => {
    const mistake = mistakeOf(() => compileTemplate(template as unknown as string));
    expect(mistake).toMatchObject({ code: 'TEMPLATE_SYNTAX', expected: 'a string' });
  });
});
