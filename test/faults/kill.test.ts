/** The kill -9 loop: `npm run faults:kill` with its defaults, and bugs that it has to find. Runs what was built. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { eventPoints } from '../../faults/crash-points.ts';
import { drawMoment } from '../../faults/moments.ts';
import { seededRandom } from '../../faults/seeded-random.ts';

const program = fileURLToPath(new URL('../../faults/kill.ts', import.meta.url));

function kill(...flags: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--no-warnings', program, ...flags], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
}

describe('a process that is killed again and again', { timeout: 1_200_000 }, () => {
  test('FLT-CR-01 to 06, 08, 09, 12, 14: 300 times: nothing acknowledged is lost, nothing is done twice, histories have no gap', async () => {
    const { code, output } = await kill('--kills', '300', '--seed', '11');
    expect(output).toContain('0 invariants broken');
    expect(output).toMatch(/^300 kills of 4 stores/m);
    expect(code).toBe(0);
  });

  test('what acknowledges before it has written is found out, and how to see it again is said', async () => {
    const { code, output } = await kill('--kills', '60', '--seed', '2', '--durability', 'async', '--no-resources');
    expect(output).toMatch(/^seed 2: I1: .* was acknowledged, and is lost$/m);
    expect(output).toContain('broken; again with: npm run faults:kill -- --seed 2 --kills 60 --durability async');
    expect(code).toBe(1);
  });

  test('a bug that is planted is found', async () => {
    const { code, output } = await kill('--kills', '60', '--seed', '3', '--plant', 'the key changes with the attempt');
    expect(output).toMatch(/^seed 3: I4: /m);
    expect(code).toBe(1);
  });
});

test('moments of death are of all kinds, and the same for the same seed', () => {
  const draw = (): readonly string[] => {
    const random = seededRandom(5);
    return Array.from({ length: 600 }, () => drawMoment(random).kind);
  };
  const kinds = new Set(draw());
  for (const kind of [
    'by the clock',
    'in start-up',
    'at a statement of recovery',
    'while it closes',
    'a call was asked',
    'a compensation was answered',
    ...eventPoints,
  ])
    expect(kinds).toContain(kind);
  expect(draw()).toEqual(draw());
});
