/** Archives: what is exported is imported as it was, to the byte; what is damaged is refused with its line. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/core/ports.ts';
import type { WorkflowDefinition } from '../../../src/definition/index.ts';
import { exportRuns } from '../../../src/store/archive/export.ts';
import { importRuns, type ImportOptions } from '../../../src/store/archive/import.ts';
import { encodeLine, type ArchiveRecord } from '../../../src/store/archive/line.ts';
import { openMemoryStore } from '../../../src/store/memory.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { agent, flow } from '../../support/flow.ts';
import { fails } from '../../support/mocks.ts';
import { collect, createTestEngine } from '../../support/test-engine.ts';
import { event, start } from '../samples.ts';

const child = flow({ name: 'child', steps: [agent('c')], output: '{{steps.c.output}}' });
const composed = flow({
  name: 'composed',
  state: { '10': 1, '2': 2 },
  steps: [
    {
      id: 'rounds',
      type: 'loop',
      items: '{{workflow.input.items}}',
      as: 'item',
      steps: [
        agent('r', { input: { prompt: '{{item}}' } }),
        { id: 'sub', type: 'workflow', workflow: 'child', input: {} },
      ],
    },
  ],
});
const broken = flow({ name: 'broken', steps: [agent('bad')] });
const open = flow({ name: 'open', steps: [{ id: 's', type: 'signal', name: 'go' }] });

let folder: string;
let from: Store;
let opened: Store[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dank-archive-'));
  opened = [];
  from = store('from.db');
  const lab = await createTestEngine({
    store: from,
    workflows: [child, composed, broken, open],
    mocks: { bad: fails('no'), c: { text: 'odd \ud800 \u2028 ünïcödé "quoted"', n: 1e21 } },
  });
  await lab.engine.start('composed', { items: ['x', 'y'] }, { runId: 'one', tags: ['red'] });
  await lab.engine.start('broken', {}, { runId: 'two' });
  await lab.engine.start('open', {}, { runId: 'live' });
  await lab.clock.settle();
});
afterEach(() => {
  for (const each of opened) each.close();
  rmSync(folder, { recursive: true });
});

function store(name: string): Store {
  const made = openSqliteStore(join(folder, name), { durability: 'normal' });
  made.acquire();
  opened.push(made);
  return made;
}

const exported = (source: Store, ...runs: readonly string[]): readonly string[] => [...exportRuns(source, runs)];
const imported = (to: Store, lines: readonly string[], options: ImportOptions = {}): ReturnType<typeof importRuns> =>
  importRuns(
    to,
    async function* read() {
      yield* await Promise.resolve(lines);
    },
    options,
  );
const records = (lines: readonly string[]): ArchiveRecord[] => lines.map((line) => JSON.parse(line) as ArchiveRecord);

describe('an archive', () => {
  test.each(['file', 'memory'])('imported into a %s and exported again is equal to the byte', async (kind) => {
    const lines = exported(from, 'one', 'two');
    const to = kind === 'file' ? store('to.db') : openMemoryStore();
    to.acquire();
    expect(await imported(to, lines)).toEqual({ imported: ['one', 'two'], skipped: [] });
    expect(exported(to, 'one', 'two')).toEqual(lines);
    expect(to.listRuns({ kind: ['run', 'child', 'round'], tag: 'red' }).map(({ id }) => id)).toEqual(['one']);
    await using lab = await createTestEngine({ store: to, recover: false });
    expect(lab.engine.run('one').status()).toMatchObject({ status: 'completed' });
    expect(
      lab.engine
        .run('one')
        .steps()
        .map(({ status }) => status),
    ).not.toContain('failed');
    const before = await createTestEngine({ store: from, recover: false });
    expect(await lab.engine.run('one').result()).toEqual(await before.engine.run('one').result());
  });

  test('holds what a run was bound to before it was moved to another version', async () => {
    const version = (n: string): WorkflowDefinition =>
      flow({ name: 'moving', version: n, steps: [{ id: 's', type: 'signal', name: 'go' }, agent(`a${n}`)] });
    const [old, present] = [version('1'), version('2')];
    const lab = await createTestEngine({ store: from, workflows: [old, present], recover: false });
    await lab.engine.start(old, {}, { runId: 'moved' });
    await lab.engine.migrate({ workflow: 'moving' });
    await lab.engine.signal('moved', 'go', 1);
    await lab.drive('moved');
    const lines = exported(from, 'moved');
    const to = openMemoryStore();
    to.acquire();
    await imported(to, lines);
    expect([old, present].map(({ hash }) => to.readDefinition(hash))).toEqual([old.canonical, present.canonical]);
    expect(exported(to, 'moved')).toEqual(lines);
    await using reader = await createTestEngine({ store: to, recover: false });
    expect((await collect(reader.engine.events('moved'))).at(-1)?.type).toBe('run.completed');
  });

  test('holds a run with all that is below it, each definition once', () => {
    const lines = records(exported(from, 'one', 'one'));
    const kinds = lines.map(({ record }) => record);
    expect(kinds.slice(0, 3)).toEqual(['archive', 'definition', 'definition']);
    expect(lines.flatMap((each) => (each.record === 'run' ? [(each['row'] as { id: string }).id] : []))).toEqual([
      'one',
      'one/rounds:1/0',
      'one/rounds:1/0/sub:1',
      'one/rounds:1/1',
      'one/rounds:1/1/sub:1',
    ]);
    expect(lines.at(-1)).toMatchObject({ record: 'end', run: 'one', runs: 5 });
  });

  test('brings the run that another was forked from', () => {
    const source = openMemoryStore();
    source.acquire();
    const rebased = { seq: 2, at: 5, type: 'run.rebased' as never, data: '{"from":{"run":"a/sub:1","seq":1}}' };
    const done = { status: 'completed', endedAt: 5 } as const;
    source.commit([start('a', 1, done), { ...start('b', 1, done), events: [event(1), rebased] }]);
    expect(records(exported(source, 'b')).flatMap((each) => (each.record === 'end' ? [each['run']] : []))).toEqual([
      'a',
      'b',
    ]);
  });

  test('of a run that has not ended can be written, not imported', async () => {
    const lines = exported(from, 'live');
    await expect(imported(store('to.db'), lines)).rejects.toThrow(
      /^Line 3 of the archive cannot be used: run 'live' has not ended \(running\)/,
    );
  });

  test('that was imported already is refused, or skipped', async () => {
    const to = store('to.db');
    const lines = exported(from, 'one', 'two');
    await imported(to, exported(from, 'two'));
    await expect(imported(to, lines)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/^Run 'two'/) as string,
    });
    expect(to.readRun('one')).toBeNull();
    expect(await imported(to, lines, { skipExisting: true })).toEqual({ imported: ['one'], skipped: ['two'] });
  });

  test('that names no run, or a round, is not written', () => {
    expect(() => exported(from, 'none')).toThrow("There is no run 'none'");
    expect(() => exported(from, 'one/rounds:1/0')).toThrow(/is a round and goes with its run 'one'/);
  });

  test('a damaged one is refused with the line, and nothing is written', async () => {
    const lines = exported(from, 'two', 'one');
    const to = store('to.db');
    const end = lines.findIndex((line) => line.includes('"record":"end"'));
    const edit = (at: number, change: (line: string) => string): readonly string[] =>
      lines.map((line, index) => (index === at ? change(line) : line));
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /Line 1 .*the archive is empty/],
      [['{}'], /Line 1 .*no line of an archive/],
      [lines.slice(1), /Line 1 .*begins with a record of kind archive/],
      [[encodeLine({ record: 'archive', format: 2 })], /Line 1 .*format 2, this release knows 1/],
      [edit(4, (line) => line.replace('"at":1', '"at":2')), /Line 5 .*checksum does not fit/],
      [edit(4, (line) => line.slice(0, -9)), /Line 5 .*cut short/],
      [lines.filter((_, index) => index !== 3), /Line 4 .*event 1 of run 'two' was expected/],
      [lines.slice(0, -1), new RegExp(`Line ${lines.length - 1} .*ends within run 'one'`)],
      [lines.filter((_, index) => index !== end - 1), new RegExp(`Line ${end} .*lines are missing`)],
      [[...lines, ...lines.slice(1)], /is in the archive twice/],
      [[...lines, encodeLine({ record: 'note', text: 'x' })], /a record of kind 'note' is not known/],
      [[...lines, encodeLine({ record: 'event', seq: 1, at: 1, type: 'x', data: {} })], /comes after the run/],
      [
        edit(1, () => encodeLine({ record: 'definition', hash: 'x', data: {} })),
        /Line 2 .*not the one that its hash says/,
      ],
    ];
    for (const [bad, message] of cases) {
      await expect(imported(to, bad)).rejects.toThrow(message);
      expect(to.listRuns({ kind: ['run', 'child', 'round'] })).toEqual([]);
    }
  });

  test('rows that no store would have written are refused', async () => {
    const [header = '', ...rest] = exported(from, 'two');
    const at = rest.findIndex((line) => line.includes('"record":"run"'));
    const { row } = records(rest)[at] as unknown as { readonly row: Readonly<Record<string, unknown>> };
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ status: 'done' }, /'status' is not one of/],
      [{ color: 'red' }, /has no 'color'/],
      [{ id: 7 }, /'id' is not a text/],
      [{ parent: 'one' }, /is not in its place/],
      [{ kind: 'round' }, /is not in its place/],
      [{ tags: 'red' }, /'tags' is not a list of texts/],
      [{ endedAt: null }, /'endedAt' is not a whole number/],
      [{ error: 'x' }, /'error' is not an object/],
      [{ waitingFor: 'timer' }, /'waitingFor' is not null/],
    ];
    for (const [change, message] of cases) {
      const lines = [header, ...rest.with(at, encodeLine({ record: 'run', row: { ...row, ...change } }))];
      await expect(imported(openMemoryStore(), lines)).rejects.toThrow(message);
    }
  });
});
