import { describe, expect, test } from 'vitest';
import { explore } from '../../src/verify/index.ts';
import { agent, flow } from '../support/flow.ts';
import { exploreSteps, ways } from './support/ways.ts';

describe('failures that lead to different ends are told apart', () => {
  test('a handler between a failure and the retry of the group does not make all failures one', () => {
    const graph = explore(
      flow({
        steps: [{ id: 'g', type: 'sequential', steps: [agent('a')], retry: { maxAttempts: 2, delay: 1 } }],
        onStepError: { a: () => undefined },
      }),
    );
    const mendsNothing = 'a: onStepError mends nothing';
    expect(ways(graph)).toContain(
      `a fails, ${mendsNothing}, g is tried again, a fails for good, ${mendsNothing}, failed`,
    );
    expect(ways(graph)).toContain(`a fails for good, ${mendsNothing}, failed`);
  });

  test('a group is tried again for a code or status that is its own', () => {
    const group = (on: readonly string[]) => ({
      id: 'g',
      type: 'sequential',
      steps: [agent('a', { retry: { maxAttempts: 2, delay: 1, on: ['TIMEOUT'] } })],
      retry: { maxAttempts: 2, delay: 1, on },
    });
    expect(ways(exploreSteps(group(['503'])))).toContain('a fails (503), g is tried again, a completes, completed');
    expect(ways(exploreSteps(group(['HTTP_ERROR'])))).toContain(
      'a fails (HTTP_ERROR), g is tried again, a completes, completed',
    );
  });

  test('what is tried again by the code of any failure is not tried again after all of them', () => {
    const graph = exploreSteps({
      id: 'g',
      type: 'sequential',
      steps: [agent('a', { compensate: { id: 'undo', type: 'transform', template: 1 } })],
      retry: { maxAttempts: 2, delay: 1, on: ['STEP_FAILED'] },
    });
    expect(ways(graph)).toContain('a fails, g is tried again, a fails, failed');
    expect(ways(graph)).toContain('a fails for good, failed');
  });

  test('conditions that ask what went wrong see each answer that they ask for', () => {
    const graph = exploreSteps(
      agent('a', { onError: 'continue' }),
      agent('quota', { condition: '{{steps.a.error.code}} === "LIMIT_EXCEEDED"' }),
      agent('busy', { condition: 'contains({{steps.a.error.message}}, "busy")' }),
    );
    expect(ways(graph)).toContain('a fails (LIMIT_EXCEEDED), quota completes, completed');
    expect(ways(graph)).toContain('a fails (busy), busy completes, completed');
    expect(ways(graph)).toContain('a fails, completed');
  });

  test.each([
    ['{{steps.a.error.details.reason}} === "json"', 'details.reason: "json"'],
    ['{{steps.a.error.name}} === "Funny"', 'name: "Funny"'],
    ['{{steps.a.error.retryAfterMs}} > 1000', 'retryAfterMs: 1001'],
    ['{{steps.a.error.code}} === "HTTP_ERROR" && {{steps.a.error.details.status}} === 404', 'HTTP_ERROR, 404'],
    ['{{steps.a.error.details.excerpt}}', 'details.excerpt: "other"'],
  ])('%s is asked of an error of which it is true', (condition, what) => {
    const graph = exploreSteps(agent('a', { onError: 'continue' }), agent('b', { condition }));
    expect(ways(graph)).toContain(`a fails (${what}), b completes, completed`);
    expect(ways(graph)).toContain('a fails, completed');
  });

  test('what went wrong in a round is said by the loop', () => {
    const graph = exploreSteps(
      { id: 'l', type: 'loop', items: [1], steps: [agent('a')], onError: 'continue' },
      agent('b', { condition: 'contains({{steps.l.error.message}}, "busy")' }),
    );
    expect(ways(graph)).toContain('l: its first round, a fails, l fails with its round (busy), b completes, completed');
  });

  test('what a handler throws instead of a failure is tried again, or not, as the failure is', () => {
    const graph = explore(
      flow({
        steps: [{ id: 'g', type: 'sequential', steps: [agent('a')], retry: { maxAttempts: 2, delay: 1 } }],
        onStepError: { a: () => undefined },
      }),
    );
    expect(ways(graph)).toContain('a fails, a: onStepError throws, g is tried again, a completes, completed');
    expect(ways(graph)).toContain('a fails, a: onStepError throws for good, failed');
  });

  test('a round that fails is a failure of the loop that is not tried again by itself', () => {
    const loop = (retry: object) => ({ id: 'l', type: 'loop', items: [1], steps: [agent('a')], retry });
    const tried = (retry: object): boolean =>
      ways(exploreSteps(loop({ maxAttempts: 2, delay: 1, ...retry }))).some((each) =>
        each.includes('l fails with its round, l is tried again'),
      );
    expect(tried({})).toBe(false);
    expect(tried({ on: ['STEPS_FAILED'] })).toBe(true);
  });

  test('what nobody asks for is one failure', () => {
    expect(ways(exploreSteps(agent('a')))).toEqual([
      'a completes, completed',
      'a fails, failed',
      'a times out, failed',
    ]);
  });
});
