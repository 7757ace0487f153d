import { describe, expect, test } from 'vitest';
import { didYouMean, nearest } from '../../src/core/nearest.ts';
import { cpuTimer } from '../support/cpu-time.ts';

const names = ['agent', 'timeout', 'parallel', 'summarize', 'publish-blog', 'publish-social', 'run', 'ok', 'end'];

describe('the nearest name', () => {
  test.each([
    ['agnet', 'agent'],
    ['Timeout', 'timeout'],
    ['tiemout', 'timeout'],
    ['paralel', 'parallel'],
    ['summarise', 'summarize'],
    ['sumarise', 'summarize'],
    ['publish_social', 'publish-social'],
    ['rnu', 'run'],
    ['okk', 'ok'],
    ['edn', 'end'],
    ['RUN', 'run'],
    ['run', 'run'],
  ])('%s -> %s', (name, expected) => {
    expect(nearest(name, names)).toBe(expected);
    expect(didYouMean(name, names)).toBe(`did you mean '${expected}'?`);
  });

  test.each([
    ['', names],
    ['x', ['y']],
    ['ko', ['ok']],
    // Half of a short word is another word.
    ['nope', ['gone']],
    ['FETCH', ['PATCH']],
    ['publish-email', names],
    ['completely-different', names],
    ['anything', []],
  ])('%j has none in %j', (name, known) => {
    expect(nearest(name, known)).toBeUndefined();
    expect(didYouMean(name, known)).toBeUndefined();
  });

  test('is the first of those that are equally near, and one that fits better wins', () => {
    expect(nearest('step-c', ['step-a', 'step-b'])).toBe('step-a');
    expect(nearest('fetch-researc', ['fetch-reseach', 'fetch-research'])).toBe('fetch-research');
  });

  test('is found among many long names in time', () => {
    const known = Array.from({ length: 10_000 }, (_, index) => `${'x'.repeat(100)}${index}`);
    const took = cpuTimer();
    expect(nearest(`${'x'.repeat(100)}_9999`, known)).toBeDefined();
    expect(took()).toBeLessThan(5_000);
  });
});
