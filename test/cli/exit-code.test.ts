import { describe, expect, test } from 'vitest';
import { exitCodeOfError, exitCodeOfRun } from '../../src/cli/exit-code.ts';
import type { RunReport } from '../../src/engine/read/run.ts';

describe('the exit code', () => {
  test.each([
    ['DEFINITION_INVALID', 2],
    ['INPUT_INVALID', 2],
    ['REQUEST_INVALID', 2],
    ['CONFLICT', 2],
    ['NOT_FOUND', 3],
    ['STORE_INVALID', 4],
    ['STORE_BUSY', 4],
    ['TIMEOUT', 124],
  ] as const)('of a command that failed with %s is %i', (code, exit) => {
    expect(exitCodeOfError(code)).toBe(exit);
  });

  const run = (fields: object): RunReport => ({ status: 'running', waitingFor: null, ...fields }) as RunReport;
  const failed = (code: string): RunReport =>
    run({ status: 'failed', error: { name: 'E', code, message: '', retryable: false } });

  test.each([
    ['completed', run({ status: 'completed', output: 1 }), 0],
    ['cancelled', run({ status: 'cancelled', error: {} }), 6],
    ['failed', failed('STEPS_FAILED'), 1],
    ['failed for a wrong input of its own', failed('INPUT_INVALID'), 1],
    ['failed with an unknown code', failed('toString'), 1],
    ['failed as an agent is unreachable', failed('AGENT_UNREACHABLE'), 4],
    ['failed as a service is unreachable', failed('HTTP_UNREACHABLE'), 4],
    ['failed by its timeout', failed('TIMEOUT'), 124],
    ['waits for a person', run({ waitingFor: 'human' }), 5],
    ['goes on', run({ waitingFor: 'timer' }), 0],
    ['is paused', run({ status: 'paused' }), 0],
  ])('of a run that %s', (_, report, exit) => {
    expect(exitCodeOfRun(report)).toBe(exit);
  });
});
