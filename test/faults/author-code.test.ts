/** Code of authors that fails in every way there is (FLT-CR-21 to 23): the engine lives, the answer is kept, others are not harmed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { temporaryDirectory } from '../store/sqlite/files.ts';
import { agent, flow } from '../support/flow.ts';
import { createTestEngine } from '../support/test-engine.ts';

const oops = (): never => {
  throw new Error('oops');
};

test('FLT-CR-21: an onWorkflowComplete that throws changes no outcome, and is logged', async () => {
  await using lab = await createTestEngine();
  const run = await lab.engine.start(flow({ steps: [agent('a')], onWorkflowComplete: oops }), {}, { runId: 'run' });
  await lab.drive('run');
  expect(run.status()).toMatchObject({ status: 'completed', output: 'a' });
  expect(JSON.stringify(lab.log.lines)).toContain('oops');
});

test('FLT-CR-21: a handler of a step that throws fails the step, and the answer that was had is not asked for again', async () => {
  await using lab = await createTestEngine();
  const steps = [agent('a', { retry: { maxAttempts: 3, delay: 10 } }), agent('b')];
  const run = await lab.engine.start(flow({ steps, onStepComplete: { a: oops } }), {}, { runId: 'run' });
  await lab.drive('run');
  expect(run.status()).toMatchObject({
    status: 'failed',
    error: { message: expect.stringContaining('oops') as string },
  });
  expect(lab.mocks.counts).toEqual({ a: 1 });
});

test('FLT-CR-22: a handler of effects that rejects, throws, or gives what is no data fails its run alone', async () => {
  const broken = new Map<string, () => unknown>([
    ['rejects', () => Promise.reject(new Error('rejected'))],
    ['throws', oops],
    ['gives a function', () => Promise.resolve(() => 1)],
  ]);
  for (const [how, work] of broken) {
    let calls = 0;
    await using lab = await createTestEngine({
      handlers: new Map([
        [
          'agent',
          ({ input }: { readonly input: { readonly info: { readonly step: { readonly id: string } } | null } }) => {
            calls += 1;
            return (input.info?.step.id === 'bad' ? work() : Promise.resolve('fine')) as Promise<unknown>;
          },
        ],
      ]) as never,
    });
    await lab.engine.start(flow({ name: 'bad', steps: [agent('bad')] }), {}, { runId: 'bad' });
    await lab.engine.start(flow({ name: 'good', steps: [agent('good')] }), {}, { runId: 'good' });
    await lab.drive('good');
    await lab.drive('bad');
    expect([how, lab.engine.run('good').status().status]).toEqual([how, 'completed']);
    expect([how, lab.engine.run('bad').status().status]).toEqual([how, 'failed']);
    expect(calls).toBeGreaterThanOrEqual(2);
    expect(lab.store.readInbox()).toEqual([]);
  }
});

test.concurrent.each(['exit', 'unhandled rejection', 'uncaught exception'])(
  'FLT-CR-22, FLT-CR-23: code that ends its whole process by an %s is a crash: the run goes on where it was, in the next one',
  { timeout: 240_000 },
  async (how) => {
    const own = temporaryDirectory();
    const script = fileURLToPath(new URL('./exit-process.ts', import.meta.url));
    const codes: (number | null)[] = [];
    for (let life = 0; life < 2; life += 1) {
      const child = spawn(process.execPath, ['--no-warnings', script, own.file(), how], { stdio: 'ignore' });
      codes.push(((await once(child, 'exit')) as [number | null])[0]);
    }
    expect([codes[0] === 0, codes[1]]).toEqual([false, 0]);
    const store = openSqliteStore(own.file(), { readOnly: true });
    expect(store.readRun('run')).toMatchObject({ status: 'completed' });
    const done = store.readEvents('run', 1).filter(({ type }) => type === 'effect.completed');
    expect(done.map(({ data }) => (JSON.parse(data) as { readonly effect: string }).effect)).toEqual(['a', 'b', 'c']);
    store.close();
    own.remove();
  },
);
