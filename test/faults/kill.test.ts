/** The kill -9 loop itself, short: `npm run faults:kill` is the long one. Runs what was built. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../faults/kill.ts', import.meta.url));

function kill(...flags: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--no-warnings', program, ...flags], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
}

describe('a process that is killed again and again', { timeout: 300_000 }, () => {
  test('FLT-CR-01: at any time: nothing that was acknowledged is lost, nothing is done twice, histories have no gap', async () => {
    const { code, output } = await kill('--rounds', '8', '--seed', '11');
    expect(output).toContain('0 invariants broken');
    expect(code).toBe(0);
  });

  test('FLT-CR-02 to 06, 08, 09, 12, 14: at named points between the event and the disk, and in recovery', async () => {
    const { code, output } = await kill('--rounds', '12', '--seed', '12', '--points');
    expect(output).toContain('0 invariants broken');
    expect(code).toBe(0);
  });

  test('a store that acknowledges before it has written is found out', async () => {
    const { code, output } = await kill('--rounds', '60', '--seed', '2', '--durability', 'async');
    expect(output).toMatch(/^I1: .* was acknowledged, and is lost$/m);
    expect(output).toContain('broken (seed 2');
    expect(code).toBe(1);
  });
});
