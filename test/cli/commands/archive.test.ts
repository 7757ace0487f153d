/** `prune`, `export` and `import` on a project's store. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exportCommand } from '../../../src/cli/commands/export.ts';
import { importCommand } from '../../../src/cli/commands/import.ts';
import { prune } from '../../../src/cli/commands/prune.ts';
import { runs } from '../../../src/cli/commands/runs.ts';
import type { Commit } from '../../../src/core/ports.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { end, start } from '../../store/samples.ts';
import { createFakeIo } from '../fake-io.ts';

const hour = 3_600_000;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dank-prune-'));
  mkdirSync(join(dir, '.dank'));
  const store = openSqliteStore(join(dir, '.dank/workflows.db'));
  store.acquire();
  const ended = (ago: number): object => ({ status: 'completed', endedAt: 1, updatedAt: Date.now() - ago });
  store.commit([
    start('old', 20, ended(48 * hour)),
    start('old/l:1/0', 5, { ...ended(48 * hour), kind: 'round', parent: 'old' }),
    start('new', 3, ended(1 * hour)),
    start('open', 3),
    start('parent', 3, ended(48 * hour)),
    start('parent/c:1', 3, { kind: 'child', parent: 'parent' }),
  ]);
  store.close();
});
afterEach(() => rmSync(dir, { recursive: true }));

async function outputOf(
  command: (io: ReturnType<typeof createFakeIo>) => Promise<number>,
  stdin = '',
): Promise<readonly [string, string]> {
  const io = createFakeIo(dir, { stdin });
  expect(await command(io)).toBe(0);
  return [io.stdoutText(), io.stderrText()];
}

async function left(): Promise<string> {
  const [out] = await outputOf((io) => runs(io, { json: true, order: 'asc' }));
  return (JSON.parse(out) as { id: string }[]).map(({ id }) => id).join(' ');
}

describe('prune', () => {
  test('tells what would be removed, removes it, and says what stays and why', async () => {
    const flags = { olderThan: '1d' };
    const dry = await outputOf((io) => prune(io, { ...flags, dryRun: true }));
    expect(dry).toEqual([
      expect.stringMatching(/^would remove 1 run with 1 round and child runs, \d+ (bytes|kB)\n$/) as string,
      'kept parent: has a child run that has not ended\n',
    ]);
    expect(await left()).toBe('old new open parent parent/c:1');
    const [out] = await outputOf((io) => prune(io, flags));
    expect(out).toBe(dry[0].replace('would remove', 'removed'));
    expect(await left()).toBe('new open parent parent/c:1');
    const [json] = await outputOf((io) => prune(io, { all: true, json: true }));
    expect(JSON.parse(json)).toMatchObject({
      removed: ['new'],
      below: 0,
      events: 3,
      kept: [{ run: 'parent', why: 'unfinished' }],
      dryRun: false,
    });
  });

  test('removes definitions that no run refers to then', async () => {
    const store = openSqliteStore(join(dir, '.dank/workflows.db'));
    store.acquire();
    const bound = (run: string, hash: string, ago: number): Commit => ({
      ...start(run, 3, { status: 'completed', endedAt: 1, updatedAt: Date.now() - ago, hash }),
      definitions: [{ hash, canonical: JSON.stringify({ name: 'tides', hash }) }],
    });
    store.commit([bound('v1', 'h1', 48 * hour), bound('v2', 'h2', 1 * hour), bound('v3', 'h3', 1 * hour)]);
    store.close();
    const flags = { olderThan: '1d', archive: 'old.jsonl' };
    const [dry] = await outputOf((io) => prune(io, { ...flags, dryRun: true }));
    expect(dry).toMatch(/^would remove 2 runs .*, and 1 definition that no run refers to\n/);
    const [out] = await outputOf((io) => prune(io, flags));
    expect(out.split('\n')[0]).toBe(dry.split('\n')[0]?.replace('would remove', 'removed'));
    const [json] = await outputOf((io) => prune(io, { all: true, dryRun: true, json: true }));
    expect(JSON.parse(json)).toMatchObject({ dryRun: true, definitions: 1 });
  });

  test('archives first; the archive brings the runs back', async () => {
    const archive = join(dir, 'old.jsonl');
    const [out] = await outputOf((io) => prune(io, { olderThan: '1d', archive: 'old.jsonl' }));
    expect(out).toMatch(/^removed 1 run .*\narchived to .*old\.jsonl\n$/);
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    expect(await left()).toBe('new open parent parent/c:1');
    expect(await outputOf((io) => importCommand(io, 'old.jsonl', {}))).toEqual(['imported 1 run\n', '']);
    expect(await left()).toBe('new open parent parent/c:1 old');
    const [again] = await outputOf((io) => exportCommand(io, ['old'], {}));
    expect(again).toBe(readFileSync(archive, 'utf8'));
  });

  test('removes nothing when the archive cannot be written', async () => {
    writeFileSync(join(dir, 'there.jsonl'), 'mine');
    for (const archive of ['there.jsonl', 'no/such/folder.jsonl']) {
      await expect(prune(createFakeIo(dir), { all: true, archive })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    }
    expect(readFileSync(join(dir, 'there.jsonl'), 'utf8')).toBe('mine');
    expect(await left()).toBe('old new open parent parent/c:1');
  });

  test.each([
    {},
    { status: ['running'] },
    { parent: 'old', all: true },
    { waitingFor: ['human'], all: true },
    { olderThan: 'long' },
  ])('%j is refused', async (flags) => {
    await expect(prune(createFakeIo(dir), flags)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  test('goes on beside a process that drives runs', async () => {
    const driving = openSqliteStore(join(dir, '.dank/workflows.db'));
    driving.acquire();
    driving.adopt();
    await outputOf((io) => prune(io, { olderThan: '1d' }));
    driving.commit([end('open', 4)]);
    expect(driving.readRun('old')).toBeNull();
    driving.close();
    expect(await left()).toBe('new open parent parent/c:1');
  });
});

describe('export and import', () => {
  test('by ids, by filters, to a file and from stdin', async () => {
    const [all] = await outputOf((io) => exportCommand(io, [], { status: ['completed'] }));
    expect(all.match(/"record":"end"/g)).toHaveLength(3);
    expect(await outputOf((io) => exportCommand(io, ['new', 'old'], { output: 'two.jsonl' }))).toEqual([
      '',
      expect.stringMatching(/^exported 2 runs to .*two\.jsonl\n$/) as string,
    ]);
    const text = readFileSync(join(dir, 'two.jsonl'), 'utf8');
    const [out, err] = await outputOf((io) => importCommand(io, '-', { store: 'other.db' }), text);
    expect([out, err]).toEqual(['imported 2 runs\n', '']);
    expect(
      await outputOf((io) => importCommand(io, '-', { store: 'other.db', skipExisting: true, json: true }), text),
    ).toEqual([`${JSON.stringify({ imported: [], skipped: ['new', 'old'] }, null, 2)}\n`, '']);
  });

  test('mistakes are told, and leave nothing behind', async () => {
    const io = createFakeIo(dir);
    await expect(exportCommand(io, ['nwe'], {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(exportCommand(io, ['old'], { tag: 'red' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(exportCommand(io, ['old/l:1/0'], { output: 'x.jsonl' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect(existsSync(join(dir, 'x.jsonl.partial'))).toBe(false);
    await expect(importCommand(io, 'none.jsonl', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
