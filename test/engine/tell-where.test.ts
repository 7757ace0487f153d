import { expect, test } from 'vitest';
import { TerminalError } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/ports.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { silentLogger } from '../../src/engine/default-ports.ts';
import { flow } from '../support/flow.ts';

async function toldOf(thrown: unknown): Promise<readonly unknown[]> {
  const told: unknown[] = [];
  const logger: Logger = { ...silentLogger, debug: (message, details) => told.push([message, details]) };
  const transform = (): never => {
    throw thrown;
  };
  const engine = await createEngine({ store: ':memory:', env: {}, logger });
  const run = await engine.start(
    flow({ steps: [{ id: 'a', type: 'transform', transform, retry: { maxAttempts: 1 } }] }),
    {},
    { runId: 'r' },
  );
  await expect(run.result()).rejects.toThrow();
  await engine.close();
  return told;
}

test('the log is told where a function threw, without what it said', async () => {
  const [first, ...others] = await toldOf(new Error('about a secret'));
  expect(others).toEqual([]);
  expect(first).toMatchObject(['a function threw', { run: 'r', step: 'a', attempt: 1 }]);
  expect(JSON.stringify(first)).toMatch(/at toldOf|tell-where\.test\.ts:\d+:\d+/);
  expect(JSON.stringify(first)).not.toContain('secret');
});

test.each([['a text'], [new TerminalError('ours')]])('%s has no place to tell', async (thrown) => {
  expect(await toldOf(thrown)).toEqual([]);
});
