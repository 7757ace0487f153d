import { describe, expect, test } from 'vitest';
import { testPaths, type PathTests } from '../../src/testing/index.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';

const tested = (...steps: readonly LooseStep[]): Promise<PathTests> => testPaths(flow({ steps }));
const otherwise = ({ results }: PathTests): readonly string[] =>
  results.filter(({ status }) => status !== 'passed').map(({ path, problem }) => `${path.name}: ${problem ?? ''}`);
const longer = ({ results }: PathTests): readonly string[] => [
  ...new Set(results.flatMap((each) => each.longer.map(({ timer, writtenMs, ms }) => `${timer} ${writtenMs} ${ms}`))),
];

describe('timers of a path fire in its order', () => {
  test('polls, backoffs and limits around them, with the times as they are written', async () => {
    const tests = await tested(
      {
        id: 'w',
        type: 'wait',
        condition: '{{steps.look.output}} === "busy"',
        poll: agent('look', { timeout: 15_000 }),
        pollInterval: 7_000,
        maxWait: 12_000,
      },
      agent('a', { timeout: 20_000, retry: { maxAttempts: 3, delay: 30_000, backoff: 'exponential' } }),
    );
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
    // Some paths look more often than that.
    expect(longer(tests).filter((each) => !each.startsWith('maxWait:w '))).toEqual([]);
  });

  test('a limit that leaves no room for what is inside is made longer, and said', async () => {
    const tests = await tested({
      id: 'g',
      type: 'sequential',
      timeout: 20_000,
      steps: [
        { id: 'w', type: 'wait', duration: 30_000 },
        { id: 't', type: 'transform', template: 1 },
      ],
    });
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
    expect(longer(tests)).toEqual(['timeout:g 20000 30001']);
  });

  test('what is set at the same time for as long fires in any order', async () => {
    const tests = await tested({
      id: 'q',
      type: 'parallel',
      join: 'any',
      steps: [
        { id: 'one', type: 'wait', duration: 1_000 },
        { id: 'two', type: 'wait', duration: 1_000 },
      ],
    });
    expect(otherwise(tests).every((each) => each.includes('its timers cannot fire in this order'))).toBe(true);
  });

  test('rounds begin when the path says so, and time passes in each', async () => {
    const tests = await tested(
      {
        id: 'q',
        type: 'parallel',
        steps: [
          {
            id: 'l',
            type: 'loop',
            items: ['a', 'b'],
            parallel: 2,
            timeout: 60_000,
            retry: { maxAttempts: 2, delay: 5_000 },
            steps: [{ id: 'w', type: 'wait', duration: 11_000 }, agent('x', { compensate: agent('undo-x') })],
          },
          { id: 'none', type: 'loop', items: [], timeout: 30_000, steps: [agent('y')] },
          agent('z'),
        ],
      },
      agent('after'),
    );
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
  });

  test('a run with a time of its own', async () => {
    const tests = await testPaths(
      flow({
        timeout: 60_000,
        steps: [{ id: 'w', type: 'wait', duration: 90_000 }, agent('a')],
        onFailure: [{ id: 't', type: 'transform', template: 1 }],
      }),
    );
    expect(otherwise(tests)).toEqual([]);
    expect(longer(tests)).toContain('timeout:$run 60000 90001');
  });
});
