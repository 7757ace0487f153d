/** What verifying as a whole may cost, in processor time: that of a busy machine is no other. */
import { expect, test } from 'vitest';
import { verify, type Verification } from '../../src/verify/index.ts';
import { agent, flow, type LooseStep, type LooseWorkflow } from '../support/flow.ts';

const maxMs = 5_000;

function quickly(workflow: LooseWorkflow): Verification {
  const definition = flow(workflow);
  const begun = process.cpuUsage();
  const verification = verify(definition);
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1_000).toBeLessThan(maxMs);
  return verification;
}

const tries = { retry: { maxAttempts: 3 } };

/** 200 steps that read the one before, 30 of them routers. */
function long(condition: (at: number) => string): LooseWorkflow {
  const steps = Array.from({ length: 200 }, (_each, at): LooseStep => {
    if (at % 6 === 5 && at < 180)
      return {
        id: `s${at}`,
        type: 'conditional',
        condition: condition(at),
        then: `s${at + 1}`,
        else: `s${at + 2}`,
      };
    const before = at === 0 ? '{{workflow.input.topic}}' : `{{steps.s${at - 1}.output}} || "nothing"`;
    return agent(`s${at}`, { input: { prompt: 'Go on', before }, ...(at % 5 === 0 ? tries : {}) });
  });
  return { steps, rules: [{ precedes: ['s0', 's199'] }, { atMost: ['s100', 1] }] };
}

test.each([
  ['outputs', (at: number): string => `{{steps.s${at - 1}.output.score}} > ${at}`],
  ['the input', (at: number): string => `{{workflow.input.f${at}}} > 3`],
])('200 steps with 30 routers that look at %s', (_what, condition) => {
  const { bounds, explored, findings } = quickly(long(condition));
  expect(bounds).toEqual([]);
  expect(explored.situations).toBeLessThan(2_000);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

const branches = (more: object): LooseWorkflow => ({
  steps: [
    {
      id: 'all',
      type: 'parallel',
      steps: Array.from({ length: 20 }, (_each, at) => agent(`a${at}`, tries)),
      ...more,
    },
    agent('after', { input: { prompt: 'Go on', all: '{{steps.all.output}}' } }),
  ],
});

test.each([
  ['all', {}, 500],
  ['three at a time', { maxConcurrency: 3 }, 500],
  ['failing fast', { failFast: true }, 5_000],
  ['any of them', { join: 'any' }, 5_000],
])('20 branches with retries: %s', (_name, more, most) => {
  const { bounds, explored } = quickly(branches(more));
  expect(bounds).toEqual([]);
  expect(explored.situations).toBeLessThan(most);
});
