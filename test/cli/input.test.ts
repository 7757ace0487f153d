import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseValue, readInput } from '../../src/cli/input.ts';
import { folderWith } from '../project/folder.ts';

const source = (cwd = '/', stdin = ''): Parameters<typeof readInput>[0] => ({
  cwd,
  readStdin: () => Promise.resolve(stdin),
});

describe('the input of a run', () => {
  test('is an empty object when nothing is given', async () => {
    expect(await readInput(source(), undefined, [])).toEqual({});
  });

  test('is JSON, of a file, or of stdin', async () => {
    const cwd = folderWith({ 'in.json': '\ufeff{ "a": 1 }\n' });
    expect(await readInput(source(), '{ "a": 1 }', [])).toEqual({ a: 1 });
    expect(await readInput(source(), '"text"', [])).toBe('text');
    expect(await readInput(source(cwd), '@in.json', [])).toEqual({ a: 1 });
    expect(await readInput(source(cwd), `@${join(cwd, 'in.json')}`, [])).toEqual({ a: 1 });
    expect(await readInput(source('/', '[1]'), '-', [])).toEqual([1]);
  });

  test('takes values by name, on top of the JSON', async () => {
    const pairs = ['topic=tides', 'depth.level=2', 'depth.deep.er=[1, "x"]', 'empty=', 'sign=a=b', 'n=null'];
    expect(await readInput(source(), '{ "topic": "bees", "kept": true, "depth": { "old": 1 } }', pairs)).toEqual({
      topic: 'tides',
      kept: true,
      depth: { old: 1, level: 2, deep: { er: [1, 'x'] } },
      empty: '',
      sign: 'a=b',
      n: null,
    });
  });

  test('reaches no prototype', async () => {
    const input = (await readInput(source(), undefined, [
      '__proto__.polluted=1',
      'constructor.prototype.polluted=1',
    ])) as object;
    expect(Object.keys(input)).toEqual(['__proto__', 'constructor']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test.each([
    [
      'JSON that is none, with its place',
      '{"a": 1,\n "b": oops}',
      [],
      /^--input is not JSON: Unexpected token 'o' at line 2, column 7; quote it for the shell.*\n.*oops/,
    ],
    ['an end that is too early', '{"a": ', [], /Unexpected end of JSON input at line 1, column 7/],
    [
      'a file that is not there',
      '@/does/not/exist.json',
      [],
      /\/does\/not\/exist\.json cannot be read: there is no such file/,
    ],
    ['a folder', '@.', [], /it is a folder/],
    ['an empty stdin', '-', [], /the input from stdin is empty: expected JSON/],
    [
      'values on what is no object',
      '[1]',
      ['a=1'],
      /key=values such as a=1 go into an object, and --input is a list of 1/,
    ],
    ['a value without name', undefined, ['=1'], /'=1' is no key=value/],
    ['a word', undefined, ['word'], /'word' is no key=value/],
    ['a name with a hole', undefined, ['a..b=1'], /'a\.\.b=1' is no key=value/],
    [
      'a name inside of what is no object',
      undefined,
      ['a=1', 'a.b=2'],
      /'a\.b=2' sets something inside 'a', which is no object/,
    ],
  ])('%s is refused', async (_, given, pairs, expected) => {
    await expect(readInput(source(), given, pairs)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringMatching(expected) as string,
    });
  });
});

describe('a value', () => {
  test.each([
    ['5', 5],
    ['-1.5e3', -1500],
    ['true', true],
    ['null', null],
    ['"5"', '5'],
    ['{"a":[]}', { a: [] }],
    ['five', 'five'],
    ['01234', '01234'],
    ['1e999', '1e999'],
    ['12345678901234567890', '12345678901234567890'],
    ['{broken', '{broken'],
    ['', ''],
  ])('%s is %j', (text, value) => {
    expect(parseValue(text)).toEqual(value);
  });
});
