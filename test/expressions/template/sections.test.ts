import { describe, expect, test } from 'vitest';
import { TemplateError } from '../../../src/core/errors.ts';
import { compileTemplate, dataScope } from '../../../src/expressions/index.ts';
import { scopeOf } from '../scopes.ts';
import { mistakeOf } from '../syntax.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

const vars = {
  items: [
    { name: 'one', tags: ['x', 'y'], more: { name: 'inner' } },
    { name: 'two', tags: [], vars: 'own', state: 'NY' },
  ],
  words: ['a', 'b'],
  matrix: [
    [1, 2],
    [3, 4],
  ],
  yes: true,
  no: false,
  text: 'hello',
  number: 7,
  zero: 0,
  empty: '',
  none: [],
  nil: null,
  object: { name: 'object', data: { x: 1 } },
};

function render(template: string): unknown {
  return compileTemplate(template).render(dataScope({ vars, state: { count: 3 }, env: { KEY: 'secret' } }));
}

describe('a section', () => {
  test.each([
    ['over an array', '{{#vars.items}}{{name}};{{/vars.items}}', 'one;two;'],
    ['over texts', '{{#vars.words}}{{.}},{{/vars.words}}', 'a,b,'],
    ['over arrays in an array', '{{#vars.matrix}}({{#.}}{{.}} {{/.}}){{/vars.matrix}}', '(1 2 )(3 4 )'],
    ['over an object', '{{#vars.object}}{{name}} {{data}} {{data.x}}{{/vars.object}}', 'object {"x":1} 1'],
    ['over true', '{{#vars.yes}}yes{{/vars.yes}}', 'yes'],
    ['over a text', '{{#vars.text}}[{{.}}]{{/vars.text}}', '[hello]'],
    ['over a number', '{{#vars.number}}[{{.}}]{{/vars.number}}', '[7]'],
    ['over false', '{{#vars.no}}no{{/vars.no}}', ''],
    ['over 0', '{{#vars.zero}}no{{/vars.zero}}', ''],
    ["over ''", '{{#vars.empty}}no{{/vars.empty}}', ''],
    ['over null', '{{#vars.nil}}no{{/vars.nil}}', ''],
    ['over an empty array', '{{#vars.none}}no{{/vars.none}}', ''],
    ['over a missing value', '{{#vars.missing}}no{{name}}{{/vars.missing}}', ''],
    ['over nothing, inverted', '{{^vars.missing}}none{{/vars.missing}}', 'none'],
    ['over an empty array, inverted', '{{^vars.none}}none{{/vars.none}}', 'none'],
    ['over something, inverted', '{{^vars.words}}none{{/vars.words}}', ''],
    [
      'within a section',
      '{{#vars.items}}{{#tags}}{{name}}{{.}} {{/tags}}{{^tags}}-{{/tags}}{{/vars.items}}',
      'onex oney -',
    ],
    ['with a path of the item', '{{#vars.items}}{{more.name}},{{/vars.items}}', 'inner,,'],
    ['with names nobody has', '{{#vars.words}}{{missing}}{{#gone}}x{{/gone}}{{missing.deep}}{{/vars.words}}', ''],
    ['with three braces', '{{#vars.words}}{{{.}}}{{&.}}{{/vars.words}}', 'aabb'],
    ['with lines of its own', 'a\n{{#vars.words}}\n- {{.}}\n{{/vars.words}}\nb', 'a\n- a\n- b\nb'],
    ['with a comment', '{{#vars.words}}{{! note }}{{.}}{{/vars.words}}', 'ab'],
    ['around an own length', '{{#vars.matrix}}{{length}}{{/vars.matrix}}', '22'],
  ])('%s renders', (_name, template, text) => {
    expect(render(template)).toBe(text);
  });

  test('reads rooted paths from the scope, whatever the items hold', () => {
    expect(render('{{#vars.items}}{{vars.text}} {{/vars.items}}')).toBe('hello hello ');
    const scope = dataScope({
      vars: { items: [{ workflow: { input: { x: 'forged' } } }] },
      workflow: { input: { x: 'real' } },
    });
    expect(compileTemplate('{{#vars.items}}{{workflow.input.x}}{{/vars.items}}').render(scope)).toBe('real');
  });

  test('takes a single name from the items first, and from the scope when it is a root', () => {
    expect(render('{{#vars.items}}{{state}} {{/vars.items}}')).toBe('{"count":3} NY ');
  });

  test('SEC-TPL-10: lists env, so that a definition can be refused for it', () => {
    const template = compileTemplate('{{#vars.items}}{{env.KEY}}{{/vars.items}}');
    expect(template.paths.map(({ source }) => source)).toEqual(['vars.items', 'env.KEY']);
  });

  test('fails on a rooted path that is missing', () => {
    expect(() => render('{{#vars.words}}{{vars.missing}}{{/vars.words}}')).toThrow("'vars.missing'");
    expect(() => render('{{#vars.words}}{{loop}}{{/vars.words}}')).toThrow("'loop'");
    const template = compileTemplate('{{#vars.words}}{{vars.missing}}{{.}}{{/vars.words}}');
    expect(template.render(scopeOf(vars), { missing: 'empty' })).toBe('ab');
  });

  test('never calls what it finds', () => {
    const called = () => expect.unreachable('called');
    const items = [
      {
        f: called,
        get g() {
          return called();
        },
      },
    ];
    expect(compileTemplate('{{#vars.items}}{{f}}{{g}}{{#f}}x{{/f}}{{/vars.items}}').render(scopeOf({ items }))).toBe(
      '',
    );
    expect(compileTemplate('{{#vars}}x{{/vars}}').render(() => called)).toBe('');
  });
});

describe('the limits of sections', () => {
  const nested = (count: number, name = 'vars.a') => `{{#${name}}}`.repeat(count) + 'x' + `{{/${name}}}`.repeat(count);
  const a = Array.from({ length: 20 }, () => 1);

  test('TPL-023: 20 to the 6th rounds end at once', () => {
    const took = cpuTimer();
    expect(() => compileTemplate(nested(6)).render(scopeOf({ a }))).toThrow(
      /too many rounds \(limit 100,000, option 'maxSectionRounds'\)/,
    );
    expect(took()).toBeLessThan(500);
  });

  test('a text may not become too large, by text or by values', () => {
    const took = cpuTimer();
    const big = 'x'.repeat(100_000);
    const many = Array.from({ length: 1000 }, () => 1);
    const failures = [
      () => compileTemplate(`{{#vars.many}}${big.slice(0, 90_000)}{{/vars.many}}`).render(scopeOf({ many })),
      () => compileTemplate('{{#vars.many}}{{vars.big}}{{/vars.many}}').render(scopeOf({ many, big })),
      () => compileTemplate('{{vars.big}} '.repeat(100)).render(scopeOf({ big })),
    ];
    for (const failure of failures) {
      expect(failure).toThrow(TemplateError);
      expect(failure).toThrow(/too large \(limit 4,194,304, option 'maxTextLength'\)/);
    }
    expect(took()).toBeLessThan(1000);
  });

  test('ten thousand items are fine', () => {
    const items = Array.from({ length: 10_000 }, (_, id) => ({ id }));
    const text = compileTemplate('{{#vars.items}}{{id}},{{/vars.items}}').render(scopeOf({ items }));
    expect(String(text).split(',')).toHaveLength(10_001);
  });

  test('sections nest 32 deep and no deeper', () => {
    expect(compileTemplate(nested(32)).render(scopeOf({ a: 1 }))).toBe('x');
    const mistake = mistakeOf(() => compileTemplate(nested(33)));
    expect(mistake).toMatchObject({ code: 'EXPRESSION_TOO_LARGE' });
    expect(mistake.message).toMatch(/limit 32, option 'maxSectionDepth'/);
    expect(() => compileTemplate('{{#vars.a}}'.repeat(5000))).toThrow(/nested too deep/);
  });

  test('every limit can be changed', () => {
    const scope = scopeOf({ a });
    expect(() => compileTemplate(nested(1), { limits: { maxSectionRounds: 5 } }).render(scope)).toThrow(/limit 5,/);
    expect(() => compileTemplate(nested(1), { limits: { maxTextLength: 5 } }).render(scope)).toThrow(/limit 5,/);
    expect(() => compileTemplate('{{vars.a}}!', { limits: { maxTextLength: 5 } }).render(scope)).toThrow(/limit 5,/);
    expect(() => compileTemplate('{{vars.a}}', { limits: { maxTagLength: 5 } })).toThrow(/limit 5,/);
    expect(() => compileTemplate('{{vars.a}}', { limits: { maxTemplateLength: 5 } })).toThrow(/limit 5,/);
  });

  test('many tags parse in linear time', () => {
    const took = cpuTimer();
    compileTemplate('{{vars.a}} {{! }}'.repeat(5_500));
    compileTemplate(`{{! ${' '.repeat(990)}}}`.repeat(99));
    compileTemplate(`{{vars.a}}${' '.repeat(90_000)}`);
    expect(took()).toBeLessThan(1000);
  });
});
