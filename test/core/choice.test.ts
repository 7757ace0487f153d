import { describe, expect, test } from 'vitest';
import { Choice, plainValue } from '../../src/core/choice.ts';

describe('a choice', () => {
  test('is called by its value and its aliases', () => {
    expect([...new Choice('publish', ['blog', 'publish']).aliases]).toEqual(['publish', 'blog']);
    expect([...new Choice('publish').aliases]).toEqual(['publish']);
    expect([...new Choice(null).aliases]).toEqual([]);
  });

  test('is its value in JSON', () => {
    expect(JSON.stringify({ a: new Choice('publish', ['blog']), b: new Choice(null) })).toBe(
      '{"a":"publish","b":null}',
    );
  });

  test('has a plain value, as everything has', () => {
    const data = { a: 1 };
    expect(plainValue(new Choice('publish'))).toBe('publish');
    expect(plainValue(new Choice(null))).toBeNull();
    expect(plainValue(data)).toBe(data);
    expect(plainValue(undefined)).toBeUndefined();
  });
});
