import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  inlineValue,
  absoluteValue,
  materialize,
  toStoredValue,
  type Ref,
  type StoredValue,
  type ValueLoader,
} from '../../src/core/stored-value.ts';

const rows: Readonly<Record<string, unknown>> = {
  'run:2': { list: [1, { two: 2 }], text: 'x'.repeat(300) },
  'run:3': 'y'.repeat(300),
  'other:2': { from: 'other' },
};

const loader: ValueLoader = {
  loadOutput: ({ seq, run: owner, part }: Ref, run) =>
    part === 'metadata' ? { meta: seq } : rows[`${owner ?? run}:${seq}`],
  loadRunOutput: (run) => ({ outputOf: run }),
};

describe('materialize', () => {
  test.each<[string, StoredValue, unknown]>([
    ['a value', { v: { a: 1 } }, { a: 1 }],
    ['nothing', { v: undefined }, undefined],
    ['a reference', { r: { seq: 2 } }, rows['run:2']],
    ['a reference into a value', { r: { seq: 2, path: ['list', 1, 'two'] } }, 2],
    ['a reference to what is not there', { r: { seq: 2, path: ['list', 5, 'two'] } }, undefined],
    ['a reference that would leave own data', { r: { seq: 2, path: ['constructor'] } }, undefined],
    ['a reference to another run', { r: { seq: 2, run: 'other' } }, { from: 'other' }],
    ['a reference to what came beside', { r: { seq: 2, part: 'metadata' } }, { meta: 2 }],
    ['the output of a run', { c: { run: 'child' } }, { outputOf: 'child' }],
    ['an array', { a: [{ v: 1 }, { r: { seq: 3 } }] }, [1, rows['run:3']]],
    ['an object', { o: { a: { v: 1 }, b: { o: { c: { v: null } } } } }, { a: 1, b: { c: null } }],
    ['what a round gave, beside its writes', { w: { output: { v: 7 }, writes: [] } }, 7],
    ['rounds', { n: { prefix: 'run/l:1/', count: 2 } }, [{ outputOf: 'run/l:1/0' }, { outputOf: 'run/l:1/1' }]],
    [
      'rounds, some left out, some null',
      { n: { prefix: 'p/', count: 4, without: [0], absent: [2] } },
      [{ outputOf: 'p/1' }, null, { outputOf: 'p/3' }],
    ],
  ])('%s', (_name, stored, expected) => {
    expect(materialize(stored, loader, 'run')).toEqual(expected);
  });

  test('a key __proto__ is data like any other', () => {
    const stored = { o: JSON.parse('{"__proto__":{"v":1}}') as Record<string, StoredValue> };
    const value = materialize(stored, loader, 'run') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

describe('inlineValue', () => {
  test.each<[StoredValue, unknown]>([
    [{ v: 1 }, 1],
    [{ o: { a: { v: 1 }, b: { a: [{ v: 2 }] } } }, { a: 1, b: [2] }],
    [{ w: { output: { v: 3 }, writes: [] } }, 3],
    [{ o: { a: { r: { seq: 1 } } } }, undefined],
    [{ a: [{ c: { run: 'x' } }] }, undefined],
    [{ n: { prefix: 'x', count: 0 } }, undefined],
  ])('%j', (stored, expected) => {
    expect(inlineValue(stored)).toEqual(expected);
  });
});

describe('toStoredValue', () => {
  const object = rows['run:2'] as { readonly list: readonly unknown[]; readonly text: string };
  const known = new Map<unknown, StoredValue>([
    [object, { r: { seq: 2 } }],
    [rows['run:3'], { r: { seq: 3 } }],
  ]);

  test.each<[string, unknown, StoredValue]>([
    ['what is known', object, { r: { seq: 2 } }],
    ['an equal object that is another', { ...object }, { v: { ...object } }],
    ['a long text, by its content', 'y'.repeat(300), { r: { seq: 3 } }],
    ['a short text', 'y', { v: 'y' }],
    [
      'an object that holds it',
      { a: object, b: 1, c: undefined, d: () => 1 },
      { o: { a: { r: { seq: 2 } }, b: { v: 1 } } },
    ],
    [
      'an array that holds it',
      [object, undefined, 2, Symbol('x')],
      { a: [{ r: { seq: 2 } }, { v: null }, { v: 2 }, { v: null }] },
    ],
    ['deep inside', { a: [{ b: object }] }, { o: { a: { a: [{ o: { b: { r: { seq: 2 } } } }] } } }],
    ['nothing known in it', { a: [{ b: 1 }] }, { v: { a: [{ b: 1 }] } }],
    [
      'instances of classes are left alone',
      { at: new Date(0), object },
      { o: { at: { v: new Date(0) }, object: { r: { seq: 2 } } } },
    ],
    ['a scalar', 7, { v: 7 }],
  ])('%s', (_name, value, expected) => {
    expect(toStoredValue(value, known)).toEqual(expected);
  });

  test('without anything known it is the value', () => {
    expect(toStoredValue(object, new Map())).toEqual({ v: object });
  });

  test('what is stored gives the value back, after JSON, whatever in it is known', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (json, pick) => {
        const value = JSON.parse(JSON.stringify(json)) as unknown;
        const parts: unknown[] = [];
        const walk = (each: unknown): void => {
          if (typeof each !== 'object' || each === null) return;
          parts.push(each);
          for (const inner of Object.values(each)) walk(inner);
        };
        walk(value);
        const part = parts[pick % Math.max(1, parts.length)];
        const some = new Map<unknown, StoredValue>(part === undefined ? [] : [[part, { r: { seq: 9 } }]]);
        const stored = JSON.parse(JSON.stringify(toStoredValue(value, some))) as StoredValue;
        const again = materialize(stored, { ...loader, loadOutput: () => part }, 'run');
        expect(JSON.stringify(again)).toBe(JSON.stringify(value));
      }),
    );
  });
});

test('for readers in another run, references without a run are to the run they came from', () => {
  const tree: StoredValue = {
    o: { a: { a: [{ r: { seq: 1 } }, { v: 1 }] }, b: { r: { seq: 2, run: 'other' } }, c: { c: { run: 'child' } } },
  };
  const absolute = absoluteValue(tree, 'source');
  expect(absolute).toEqual({
    o: {
      a: { a: [{ r: { seq: 1, run: 'source' } }, { v: 1 }] },
      b: { r: { seq: 2, run: 'other' } },
      c: { c: { run: 'child' } },
    },
  });
  const loads: ValueLoader = {
    loadOutput: ({ seq, run }, around) => `${run ?? around}:${seq}`,
    loadRunOutput: (run) => run,
  };
  expect(materialize(absolute, loads, 'reader')).toEqual(materialize(tree, loads, 'source'));
});
