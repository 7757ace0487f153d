import { expect, test } from 'vitest';
import {
  diff,
  differenceText,
  findingMermaid,
  verificationJson,
  verificationText,
  verify,
} from '../../src/verify/index.ts';
import { agent, flow } from '../support/flow.ts';

const old = flow({ steps: [agent('a'), agent('b')] });

test('the same workflow does the same', () => {
  expect(diff(old, flow({ steps: [agent('a'), agent('b')] }))).toEqual({ changes: [], bounds: [] });
});

test('another step, another attempt, another end', () => {
  const now = flow({ steps: [agent('a', { retry: { maxAttempts: 2 } }), agent('b'), agent('c')] });
  const { changes } = diff(old, now);
  expect(changes).toContainEqual({
    kind: 'changed',
    way: ['a fails'],
    before: 'a failed, the run fails',
    now: 'a retrying',
  });
  expect(changes).toContainEqual({
    kind: 'added',
    way: ['a fails for good'],
    before: null,
    now: 'a failed, the run fails',
  });
  expect(changes).toContainEqual({
    kind: 'changed',
    way: ['a completes', 'b completes'],
    before: 'b completed, the run completes',
    now: 'b completed, c started',
  });
  expect(differenceText(diff(now, old))).toContain('  removed: a fails for good');
});

test('what was not compared is said', () => {
  expect(differenceText(diff(old, old, { maxStates: 1 }))[0]).toBe('no path differs; NOT ALL was compared');
});

test('reports: text, JSON and Mermaid', () => {
  const verification = verify(
    flow({
      steps: [
        agent('a'),
        { id: 'r', type: 'conditional', condition: '{{steps.a.output.n}} > 1', then: 'b' },
        agent('b'),
        agent('c', { input: { prompt: 'Use {{steps.b.output}}' } }),
      ],
    }),
  );
  expect(verificationText(verification)).toEqual([
    'test: 1 mistake; every path was looked at (7 situations, 14 moves)',
    "  error: steps[3].input.prompt: step 'c' (input.prompt) reads {{steps.b.output}}, but there 'b' was skipped [MISSING_VALUE]",
    '    path: a completes > r: else > b is skipped',
    `    hint: give this step the same condition as step 'b', or a last resort: {{steps.b.output}} || "none"`,
    "  info: the run fails when one of these fails for good: 'a', 'c', 'b' [FAILURE_ENDS_RUN]",
    '  at worst: 4 steps, 3 agent calls, 3 attempts, 15 min',
  ]);
  const json = JSON.parse(JSON.stringify(verificationJson(verification))) as {
    readonly complete: boolean;
    readonly findings: readonly object[];
  };
  expect(json.complete).toBe(true);
  expect(json.findings[0]).toMatchObject({ code: 'MISSING_VALUE', way: ['a completes', 'r: else', 'b is skipped'] });
  expect(findingMermaid(verification.findings[0] as never)).toContain('n0 --> n1');
  expect(verificationText(verify(old, { maxStates: 1 }))[0]).toContain('NOT ALL was looked at');
});
