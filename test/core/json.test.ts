import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deepEqual, deepFreeze, isPlainObject, throughJson } from '../../src/core/json.ts';

describe('isPlainObject', () => {
  class Own {}
  test.each([
    [{}, true],
    [Object.create(null), true],
    [JSON.parse('{"__proto__":1}'), true],
    [[], false],
    [new Own(), false],
    [new Date(), false],
    [new Map(), false],
    [null, false],
    ['text', false],
    [undefined, false],
  ])('%j: %s', (value, expected) => {
    expect(isPlainObject(value)).toBe(expected);
  });
});

describe('deepEqual', () => {
  test.each([
    [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, false],
    [{ a: undefined }, { b: undefined }, false],
    [[1, 2], [1], false],
    [[], {}, false],
    [null, {}, false],
    [NaN, NaN, true],
    [1, '1', false],
    [JSON.parse('{"constructor":1}'), {}, false],
  ])('%j and %j: %s', (a, b, expected) => {
    expect(deepEqual(a, b)).toBe(expected);
    expect(deepEqual(b, a)).toBe(expected);
  });

  test('agrees with JSON text for any JSON data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(deepEqual(a, structuredClone(a))).toBe(true);
        if (JSON.stringify(a) === JSON.stringify(b)) expect(deepEqual(throughJson(a), throughJson(b))).toBe(true);
      }),
    );
  });
});

describe('throughJson', () => {
  test.each([
    [undefined, undefined],
    [null, null],
    ['text', 'text'],
    [true, true],
    [NaN, null],
    [Infinity, null],
    [
      { a: undefined, b: () => 1, c: [undefined] },
      { b: undefined, c: [null] },
    ],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Map([[1, 2]]), {}],
  ])('%j', (value, expected) => {
    expect(throughJson(value)).toEqual(expected);
  });

  test('gives a copy', () => {
    const value = { a: [1] };
    expect(throughJson(value)).not.toBe(value);
  });

  test('refuses what has no JSON', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    for (const value of [() => 1, Symbol('x'), 10n, cycle, { big: 10n }])
      expect(() => throughJson(value)).toThrow(TypeError);
  });
});

describe('deepFreeze', () => {
  test('freezes all of it and gives it back', () => {
    const value = { a: [{ b: 1 }], c: null, d: 'x' };
    expect(deepFreeze(value)).toBe(value);
    expect(Object.isFrozen(value.a[0])).toBe(true);
    expect(() => {
      (value.a[0] as { b: number }).b = 2;
    }).toThrow(TypeError);
  });

  test('takes primitives and what is frozen already', () => {
    expect(deepFreeze(7)).toBe(7);
    expect(deepFreeze(null)).toBeNull();
    const frozen = Object.freeze({ inner: { a: 1 } });
    expect(deepFreeze(frozen)).toBe(frozen);
  });
});
