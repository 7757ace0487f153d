import { describe, expect, test } from 'vitest';
import { testPaths, type PathTests } from '../../src/testing/index.ts';
import { agent, flow, type LooseWorkflow } from '../support/flow.ts';

const tested = (workflow: LooseWorkflow): Promise<PathTests> => testPaths(flow(workflow));
const otherwise = ({ results }: PathTests): readonly string[] =>
  results.filter(({ status }) => status !== 'passed').map(({ path, problem }) => `${path.name}: ${problem ?? ''}`);
const names = ({ results }: PathTests): string => results.map(({ path }) => path.name).join('\n');

const t = (id: string, template: unknown, more: Record<string, unknown> = {}) => ({
  ...{ id, type: 'transform', template, ...more },
});
const router = (id: string, condition: string) => ({
  ...{ id, type: 'conditional', condition, then: 'yes', else: 'no' },
});

describe('what the engine computes on the way to a condition', () => {
  test('a transform hands on what an agent gave: both ways of the condition are run', async () => {
    const tests = await tested({
      steps: [
        agent('a'),
        t('t', { of: '{{steps.a.output.score}}' }),
        t('u', '{{steps.t.output.of}}'),
        router('c', '{{steps.u.output}} > 5'),
        agent('yes'),
        agent('no'),
      ],
    });
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
    expect(names(tests)).toContain('c takes then');
    expect(names(tests)).toContain('c takes else');
  });

  test('a transform of the state is what the state is: the other way cannot be', async () => {
    const tests = await tested({
      state: { n: 0 },
      steps: [
        t('t', { of: '{{state.n}}', same: 'good' }),
        router('c', '{{steps.t.output.of}} > 0 || {{steps.t.output.same}} !== "good" || {{steps.t.output.other}}'),
        agent('yes'),
        agent('no'),
      ],
    });
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
    expect(tests.results.some(({ path }) => path.moves.some(({ step }) => step === 'yes'))).toBe(false);
  });

  test('an output in place of a failure is computed as well', async () => {
    const tests = await tested({
      state: { n: 1 },
      steps: [
        agent('b'),
        agent('a', { onError: { output: { n: '{{state.n}}', of: '{{steps.b.output.score}}' } } }),
        router('c', '{{steps.a.output.n}} === 1 && {{steps.a.output.of}} === "high"'),
        agent('yes'),
        agent('no'),
      ],
    });
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
  });

  test('the state that a transform reads later is told apart until then', async () => {
    const tests = await tested({
      state: { n: 0 },
      steps: [
        agent('a', { onError: 'continue', assign: { n: { expr: '{{state.n}} + 1' } } }),
        agent('b'),
        t('t', { of: '{{state.n}}' }),
        router('c', '{{steps.t.output.of}} === 1'),
        agent('yes'),
        agent('no'),
      ],
    });
    expect(otherwise(tests)).toEqual([]);
    expect(tests.results.some(({ path }) => path.moves.some(({ step }) => step === 'no'))).toBe(true);
  });

  test('text that is put together cannot be chosen: it is said, and is no failure', async () => {
    const { results } = await tested({
      steps: [
        agent('a'),
        t('t', 'It is {{steps.a.output}}'),
        router('c', '{{steps.t.output}} === "It is good"'),
        agent('yes'),
        agent('no'),
      ],
    });
    expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(results.some(({ status }) => status === 'unreachable')).toBe(true);
  });

  test('an answer of which the whole and a part are looked at fits both', async () => {
    const tests = await tested({
      steps: [
        agent('a'),
        { id: 's', type: 'switch', value: '{{steps.a.output.score}}', cases: { 1: 'yes' }, default: 'no' },
        agent('yes', { condition: '{{steps.a.output}}' }),
        agent('no', { condition: '{{steps.a.output}}' }),
      ],
    });
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
  });
});
