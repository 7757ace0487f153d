import { describe, expect, test } from 'vitest';
import { compileCondition, functionNames } from '../../../src/expressions/index.ts';
import { scopeOf } from '../scopes.ts';

describe('the functions of conditions', () => {
  const vars = { list: [1, 2, 3], none: [], object: { a: 1, b: 2 }, bare: {}, text: '  Hi There ' };

  test.each<[string, unknown]>([
    ['length("abc")', 3],
    ['length({{vars.list}})', 3],
    ['length({{vars.object}})', 2],
    ['length({{vars.missing}})', 0],
    ['length(null)', 0],
    ['length(150)', 3],
    ['lower({{vars.text}})', '  hi there '],
    ['upper("straße")', 'STRASSE'],
    ['trim({{vars.text}})', 'Hi There'],
    ['lower({{vars.missing}})', ''],
    ['contains("workflow", "flow")', true],
    ['contains("workflow", "x")', false],
    ['contains({{vars.list}}, 2)', true],
    ['contains({{vars.list}}, "2")', false],
    ['contains({{vars.text}}, {{vars.missing}})', false],
    ['contains({{vars.missing}}, "")', false],
    ['contains(150, 5)', true],
    ['startsWith("workflow", "work")', true],
    ['startsWith("workflow", "flow")', false],
    ['startsWith("workflow", {{vars.missing}})', false],
    ['startsWith(150, 1)', true],
    ['endsWith("workflow", "flow")', true],
    ['endsWith("workflow", null)', false],
    ['isEmpty({{vars.missing}})', true],
    ['isEmpty(null)', true],
    ['isEmpty("")', true],
    ['isEmpty(" ")', false],
    ['isEmpty({{vars.none}})', true],
    ['isEmpty({{vars.list}})', false],
    ['isEmpty({{vars.bare}})', true],
    ['isEmpty({{vars.object}})', false],
    ['isEmpty(0)', false],
    ['isEmpty(false)', false],
    ['number("12.5")', 12.5],
    ['number("x")', NaN],
    ['number(null)', 0],
    ['number({{vars.missing}})', NaN],
    ['number({{vars.list}})', NaN],
    ['string(12)', '12'],
    ['string(true)', 'true'],
    ['string(null)', ''],
    ['string({{vars.object}})', '{"a":1,"b":2}'],
    ['round(2.5)', 3],
    ['round("1.2")', 1],
    ['floor(-1.5)', -2],
    ['ceil(1.2)', 2],
    ['min(3, 1, 2)', 1],
    ['max(3, "10", 2)', 10],
    ['max({{vars.list}})', 3],
    ['min({{vars.list}}, -1)', -1],
    ['min({{vars.none}})', Infinity],
    ['max(1, {{vars.missing}})', NaN],
    ['max({{vars.list}}, {{vars.object}})', NaN],
    ['length(trim(lower({{vars.text}}))) === 8', true],
  ])('%s is %j', (condition, value) => {
    expect(compileCondition(condition).evaluate(scopeOf(vars))).toEqual(value);
  });

  test('max takes an array of any length', () => {
    const list = Array.from({ length: 300_000 }, (_, index) => index);
    expect(compileCondition('max({{vars.list}})').evaluate(scopeOf({ list }))).toBe(299_999);
  });

  test('are the documented ones', () => {
    const documented =
      'length lower upper trim contains startsWith endsWith isEmpty number string round floor ceil min max';
    expect([...functionNames].sort()).toEqual(documented.split(' ').sort());
  });
});
