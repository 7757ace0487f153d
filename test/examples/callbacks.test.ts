/** The example of work that completes later, as its users run it: real servers on this machine. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../examples/callbacks/main.js', import.meta.url));

test('an agent accepts its work and completes it by a callback, over real HTTP', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'bees'], { timeout: 60_000 });
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual([
    'run.started',
    'step.started research',
    'step.accepted research',
    'step.completed research',
    'run.completed',
    'A long report on: Research: bees',
  ]);
});
