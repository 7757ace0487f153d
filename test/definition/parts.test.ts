import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { z } from 'zod';
import { joinPath } from '../../src/core/issue.ts';
import { headerNameProblem } from '../../src/core/http-names.ts';
import {
  checkId,
  checkWorkflowName,
  definitionFromCanonical,
  parseDefinition,
  parseDuration,
  toDataSchema,
} from '../../src/definition/index.ts';
import { describe as show } from '../../src/definition/describe.ts';
import { slug } from '../../src/definition/names.ts';
import { parsePath } from '../../src/definition/path-text.ts';
import { cpuTimer } from '../support/cpu-time.ts';

describe('durations', () => {
  test.each([
    [0.5, 1],
    [1500, 1500],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5 m', 90_000],
    [' 2h ', 7_200_000],
    ['1d', 86_400_000],
  ])('%j is %d ms', (given, ms) => {
    expect(parseDuration(given)).toEqual({ ms });
  });

  test.each([
    '',
    '5',
    '5 minutes',
    '-5s',
    '1e3s',
    'P1D',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    {},
    '9'.repeat(400) + 'd',
  ])('%j is none', (given) => {
    expect(parseDuration(given)).toHaveProperty('problem');
  });
});

describe('names', () => {
  test('of steps', () => {
    expect(['a', '_', 'a-b_C9', 'x'.repeat(128)].map((id) => checkId(id))).toEqual([null, null, null, null]);
    expect(['', '9a', '-a', 'ä', 'a.b', '$a', 'x'.repeat(129)].map((id) => checkId(id)?.code)).toEqual(
      Array(7).fill('INVALID_ID'),
    );
    expect(
      [...Object.getOwnPropertyNames(Object.prototype), 'prototype', 'state', 'end'].map((id) => checkId(id)?.code),
    ).toEqual(expect.not.arrayContaining([undefined]));
  });

  test('of workflows', () => {
    expect(['a', '9.1', 'a.b-c'].map((name) => checkWorkflowName(name))).toEqual([null, null, null]);
    expect(['', '.', '../etc', 'a b', 'a/b'].map((name) => checkWorkflowName(name)?.code)).toEqual(
      Array(5).fill('INVALID_ID'),
    );
  });

  test('made of titles are names, or nothing', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        (title) => slug(title) === '' || checkWorkflowName(slug(title))?.code !== 'INVALID_ID',
      ),
    );
  });
});

describe('values in messages', () => {
  test.each<[unknown, string]>([
    ['a', "'a'"],
    ['a\nb\u0000', "'a\\nb\\u0000'"],
    ['x'.repeat(80), `'${'x'.repeat(60)}…'`],
    [null, 'null'],
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [[], 'an empty list'],
    [[1, 2], 'a list of 2'],
    [{ a: 1 }, 'an object'],
    [Object.create(null), 'an object'],
    [new Date(0), 'an object of class Date'],
    [() => 1, 'a function'],
    [Symbol('x'), 'a symbol'],
    [5n, 'a bigint'],
  ])('%#', (value, expected) => {
    expect(show(value)).toBe(expected);
  });
});

describe('paths as text', () => {
  test('are read back as they were written', () => {
    const part = fc.oneof(fc.nat(99), fc.string());
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        expect(parsePath(parts.reduce<string>(joinPath, ''))).toEqual(parts);
      }),
    );
  });
});

describe('header names', () => {
  test.each(['X-Key', 'content-type', 'a.b_c'])('%s', (name) => {
    expect(headerNameProblem(name)).toBeNull();
  });
  test.each(['', 'a b', 'a:b', 'ä', 'HOST', 'transfer-encoding', 'Proxy-Authorization'])('%j is refused', (name) => {
    expect(headerNameProblem(name)).not.toBeNull();
  });
});

describe('schemas of data', () => {
  const inputs = [
    {
      name: 'zod',
      schema: z.strictObject({ topic: z.string().min(2), list: z.array(z.object({ n: z.number() })).optional() }),
    },
    {
      name: 'JSON Schema',
      schema: {
        type: 'object',
        required: ['topic'],
        additionalProperties: false,
        properties: {
          topic: { type: 'string', minLength: 2 },
          list: { type: 'array', items: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } } },
        },
      },
    },
  ];

  describe.each(inputs)('$name', ({ schema }) => {
    const result = toDataSchema(schema);
    const parse = 'schema' in result ? result.schema.parse : () => ({ issues: [] });

    test('gives the value', () => {
      expect(parse({ topic: 'ab', list: [{ n: 1 }] })).toEqual({ value: { topic: 'ab', list: [{ n: 1 }] } });
    });

    test.each<[unknown, readonly string[]]>([
      [{}, ['topic']],
      [{ topic: 'a' }, ['topic']],
      [{ topic: 'ab', list: [{ n: 1 }, { n: 'x' }, {}], 'a b': 1 }, ['["a b"]', 'list[1].n', 'list[2].n']],
      [5, ['']],
    ])('names the places of all problems: %j', (value, paths) => {
      const parsed = parse(value);
      expect('issues' in parsed ? parsed.issues.map(({ path }) => path).toSorted() : []).toEqual(paths);
    });
  });

  test('formats are checked, and defaults of zod are filled in', () => {
    const email = toDataSchema({ type: 'string', format: 'email' });
    expect('schema' in email && email.schema.parse('x')).toMatchObject({ issues: [{ path: '' }] });
    const filled = toDataSchema(z.object({ n: z.number().default(3) }));
    expect('schema' in filled && filled.schema.parse({})).toEqual({ value: { n: 3 } });
  });

  test('drafts 2020-12 and 07 are known; others are named', () => {
    expect(toDataSchema({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'string' })).toHaveProperty(
      'schema',
    );
    expect(toDataSchema({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'string' })).toHaveProperty(
      'schema',
    );
    expect(toDataSchema({ $schema: 'http://json-schema.org/draft-04/schema#' })).toMatchObject({
      issues: [{ path: '$schema' }],
    });
  });

  test('the same $id may be used again', () => {
    const schema = { $id: 'https://a.example/s', type: 'string' };
    expect(toDataSchema(schema)).toHaveProperty('schema');
    expect(toDataSchema({ ...schema, type: 'number' })).toHaveProperty('schema');
  });

  test('an asynchronous zod check is refused when it is used', () => {
    const result = toDataSchema(z.string().refine(async () => true));
    expect(() => ('schema' in result ? result.schema.parse('x') : null)).toThrow(/async/i);
  });
});

describe('large definitions', () => {
  test('a thousand steps are read well within a second', () => {
    const steps = Array.from({ length: 1_000 }, (_, index) => ({
      id: `s${index}`,
      type: 'agent',
      agentId: 'a',
      input: { prompt: index === 0 ? 'Go' : `Go on: {{steps.s${index - 1}.output}}` },
    }));
    const took = cpuTimer();
    expect(parseDefinition({ id: 'wf', steps }).issues).toBeUndefined();
    expect(took()).toBeLessThan(1_000);
  });

  test.each([
    ['10,000 steps', 10_000, undefined],
    ['one more', 10_001, ['TOO_MANY_STEPS']],
  ])('%s', (_name, length, expected) => {
    const steps = Array.from({ length }, (_, index) => ({ id: `s${index}`, type: 'wait', duration: 1 }));
    expect(parseDefinition({ id: 'wf', steps }).issues?.map(({ code }) => code)).toEqual(expected);
  });

  test.each([
    ['32 levels', 32, undefined],
    ['one more', 33, ['NESTING_TOO_DEEP']],
  ])('%s', (_name, levels, expected) => {
    let step: unknown = { id: 's0', type: 'wait', duration: 1 };
    for (let level = 1; level < levels; level += 1) step = { id: `s${level}`, type: 'sequential', steps: [step] };
    expect(parseDefinition({ id: 'wf', steps: [step] }).issues?.map(({ code }) => code)).toEqual(expected);
  });

  test('very many mistakes are counted, not all shown', () => {
    const steps = Array.from({ length: 2_000 }, (_, index) => ({ id: `s${index}`, type: 'wait', duration: 'x' }));
    const { issues = [] } = parseDefinition({ id: 'wf', steps });
    expect(issues).toHaveLength(501);
    expect(issues.at(-1)?.message).toBe('1500 more mistakes are not shown (limit 500)');
  });

  test('data that is too deep is refused', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(parseDefinition({ id: 'wf', steps: [{ id: 'a', type: 'transform', template: deep }] }).issues).toMatchObject(
      [{ code: 'NESTING_TOO_DEEP' }],
    );
  });

  test('data that repeats itself beyond measure is refused', () => {
    let wide: unknown = 'x';
    for (let level = 0; level < 40; level += 1) wide = [wide, wide];
    const took = cpuTimer();
    expect(parseDefinition({ id: 'wf', steps: [{ id: 'a', type: 'transform', template: wide }] }).issues).toMatchObject(
      [{ code: 'DATA_TOO_LARGE' }],
    );
    expect(took()).toBeLessThan(2_000);
  });
});

describe('keys that JavaScript gives a meaning', () => {
  const hostile = JSON.parse('{"__proto__": {"polluted": true}, "constructor": "{{workflow.input.x}}"}') as unknown;

  test('are data like any other', () => {
    const data = { id: 'wf', steps: [{ id: 'a', type: 'transform', template: hostile, metadata: { constructor: 1 } }] };
    const { definition } = parseDefinition(data);
    expect(definition?.canonical).toContain(
      '"template":{"__proto__":{"polluted":true},"constructor":"{{workflow.input.x}}"}',
    );
    expect(definitionFromCanonical(definition?.canonical ?? '').hash).toBe(definition?.hash);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('are unknown as fields', () => {
    const step = JSON.parse('{"id": "a", "type": "wait", "duration": 1, "__proto__": {"timeout": -1}}') as unknown;
    expect(parseDefinition({ id: 'wf', steps: [step] }).issues).toMatchObject([
      { code: 'UNKNOWN_FIELD', path: 'steps[0].__proto__' },
    ]);
  });

  test('are cases of a switch', () => {
    const cases = JSON.parse('{"__proto__": "end", "toString": "end"}') as unknown;
    const [step] =
      parseDefinition({ id: 'wf', steps: [{ id: 's', type: 'switch', value: 1, cases }] }).definition?.steps ?? [];
    expect(step).toMatchObject({ cases: [{ key: '__proto__' }, { key: 'toString' }] });
  });
});
