/** FLT-UP-06: stores that earlier releases wrote are brought up to date; their runs are told as before, and go on. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { definitionFromCanonical, type WorkflowDefinition } from '../../../src/definition/index.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { collect, createTestEngine } from '../../support/test-engine.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { temporaryDirectory, type TemporaryDirectory } from './files.ts';
import { buildStore } from './kept/dump.ts';

const kept = new URL('kept/', import.meta.url);
const versions = readdirSync(kept).filter((name) => name.endsWith('.sql'));

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

describe.each(versions)('a store of %s', (name) => {
  beforeEach(() => buildStore(directory.file(), readFileSync(new URL(name, kept), 'utf8')));

  /** As the project would have them. */
  function workflows(): readonly WorkflowDefinition[] {
    const store = openSqliteStore(directory.file());
    const hashes = new Set(store.listRuns({ kind: ['run', 'child'] }).map(({ hash }) => hash));
    const found = [...hashes].map((hash) => definitionFromCanonical(store.readDefinition(hash) ?? ''));
    store.close();
    return found;
  }

  test('is told as it was: every run that has ended, its output, error and events', async () => {
    await using lab = await createTestEngine({ store: openSqliteStore(directory.file()), recover: false });
    const { engine } = lab;
    expect(engine.run('done').status()).toMatchObject({
      status: 'completed',
      output: { b: 'b', seen: ['a'] },
      tags: ['red', 'kept'],
    });
    expect(engine.run('composed').status()).toMatchObject({
      status: 'completed',
      output: { p: { x: 'x', y: 'y' }, rounds: ['r', 'r', 'r'], sub: { c: 'c' } },
    });
    expect(engine.run('failed').status()).toMatchObject({ status: 'failed', error: { message: 'it is broken' } });
    expect(engine.run('cancelled').status()).toMatchObject({ status: 'cancelled' });
    for (const { id } of engine.runs({ status: ['completed', 'failed', 'cancelled'] })) {
      expect((await collect(engine.run(id).events())).at(-1)?.type).toMatch(/^run\.(completed|failed|cancelled)$/);
    }
  });

  test('goes on: what waited, was paused or interrupted ends as it should', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1, 0, 0, 30));
    await using lab = await createTestEngine({
      store: openSqliteStore(directory.file()),
      clock,
      workflows: workflows(),
    });
    const { engine } = lab;
    await engine.resume('paused');
    await engine.signal('listening', 'go', 1);
    await engine.answer(engine.tasksOf('asking')[0]?.id ?? '', { decision: 'approve' });
    for (const run of ['sleeping', 'paused', 'listening', 'told', 'asking', 'answered', 'long']) {
      expect(await lab.drive(run)).toMatchObject({ status: 'completed', output: 'z' });
    }
    expect(engine.runs({ status: ['pending', 'running', 'paused'] })).toEqual([]);
  });
});
