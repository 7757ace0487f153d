/** `npm run simulate`, as it is run: processes of its own. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { simulateSeed } from '../../src/testing/simulation/simulate.ts';
import { planOf } from './workload.ts';

const script = fileURLToPath(new URL('../../scripts/simulate.ts', import.meta.url));

function simulate(...args: readonly string[]): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

const timeout = 120_000;

test('a seed has the same hash in whatever process it is run, after whatever others', { timeout }, async () => {
  const hashes = ['1', '3'].map((processes) => {
    const { status, text } = simulate('--seeds', '9', '--from', '40', '--processes', processes);
    expect({ status, text }).toMatchObject({ status: 0, text: expect.stringContaining('all hold') as string });
    return /^9 seeds from 40 \(([0-9a-f]{16})\)/m.exec(text)?.[1];
  });
  expect(hashes[0]).toBe(hashes[1]);
  expect(hashes[0]).toBeDefined();
  const { hash } = await simulateSeed({ seed: 44, plan: planOf(44) });
  expect(simulate('--seed', '44').text).toContain(`\nseed 44 (${hash}) holds: `);
});

test('a seed that breaks something is told with how to run it again, and fails', { timeout }, () => {
  const bug = 'a recovery starts the effects of paused runs';
  const { status, text } = simulate('--seeds', '20', '--plant', bug);
  expect(status).toBe(1);
  const again = /again: npm run simulate -- --seed (\d+) --plant '(.*)'/.exec(text);
  expect(again?.[2]).toBe(bug);
  expect(text).toMatch(/seeds from 1 \([0-9a-f]{16}\): BROKEN/);
  const one = simulate('--seed', again?.[1] ?? '', '--plant', bug);
  expect(one.status).toBe(1);
  expect(one.text).toContain('p1 starts\n');
  expect(one.text).toMatch(/ {2}I13: .* began while its run is paused/);
});
