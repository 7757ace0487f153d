/**
 * Reads an archive into a store: twice, so that nothing is written unless all of it can be. Owns what an archive is made of;
 * a run is written in one transaction with all that is below it.
 */
import { createHash } from 'node:crypto';
import { WorkflowError } from '../../core/errors.ts';
import type { Commit, Store, StoredDefinition, StoredEvent } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import { archiveFormat, badLine, decodeLine, memberText, type ArchiveRecord } from './line.ts';
import { nextSeq } from '../removed.ts';
import { boundBy } from '../source-of.ts';
import { readRow } from './read-row.ts';

export type ImportingStore = Pick<Store, 'readRun' | 'commit'>;

export interface ImportOptions {
  /** Runs that are there already are left as they are, in place of an error. @default false */
  readonly skipExisting?: boolean;
}

export interface Imported {
  /** Ids of top-level runs. */
  readonly imported: readonly string[];
  readonly skipped: readonly string[];
}

/** A top-level run with all that is below it, and the definitions that came before it. */
export interface Archived {
  readonly id: string;
  readonly line: number;
  readonly definitions: readonly StoredDefinition[];
  readonly commits: readonly Commit[];
}

/**
 * @param store an owner ({@link Store.acquire})
 * @param lines opens the archive, from its first line; called twice
 * @throws WorkflowError REQUEST_INVALID with the line, CONFLICT: a run is there already; then nothing was written. STORE_*:
 * the runs before the one that could not be written are there
 */
export async function importRuns(
  store: ImportingStore,
  lines: () => AsyncIterable<string>,
  options: ImportOptions = {},
): Promise<Imported> {
  const skipped = await check(store, lines(), options);
  const imported: string[] = [];
  // A definition is in the archive once, with the first of its runs.
  const read = new Map<string, StoredDefinition>();
  for await (const { id, definitions, commits } of readArchive(lines())) {
    for (const each of definitions) read.set(each.hash, each);
    if (skipped.has(id)) continue;
    store.commit(commits.map((commit) => ({ ...commit, definitions: definitionsOf(commit, read) })));
    imported.push(id);
  }
  return { imported, skipped: [...skipped] };
}

/** Those that a run refers to. */
function definitionsOf(
  { create, events }: Commit,
  read: ReadonlyMap<string, StoredDefinition>,
): readonly StoredDefinition[] {
  const hashes = new Set([create?.hash, ...events.map(boundBy)]);
  return [...hashes].flatMap((hash) => read.get(hash ?? '') ?? []);
}

/** Whether all of it can be imported, and which runs need not be. @throws as {@link importRuns} */
async function check(
  store: ImportingStore,
  lines: AsyncIterable<string>,
  { skipExisting = false }: ImportOptions,
): Promise<ReadonlySet<string>> {
  const existing = new Set<string>();
  try {
    for await (const { id, line } of readArchive(lines)) {
      if (store.readRun(id) === null) continue;
      existing.add(id);
      if (skipExisting) continue;
      const message = `Run '${id}' (it ends in line ${line} of the archive) is in the store already`;
      throw new WorkflowError('CONFLICT', message, { details: { run: id, line } });
    }
  } catch (error) {
    if (!(error instanceof WorkflowError) || (error.code !== 'CONFLICT' && error.code !== 'REQUEST_INVALID'))
      throw error;
    const { code, message, details = {} } = error;
    throw new WorkflowError(code, `${message}. Nothing was imported`, { cause: error, details });
  }
  return existing;
}

/**
 * The runs of an archive, one after another.
 * @param isForReading runs that have not ended are given as well: they can be looked at, not imported
 * @throws WorkflowError REQUEST_INVALID with the line
 */
export async function* readArchive(
  lines: AsyncIterable<string> | Iterable<string>,
  isForReading: boolean = false,
): AsyncGenerator<Archived> {
  let number = 0;
  let reader: ArchiveReader | null = null;
  for await (const line of lines) {
    number += 1;
    const record = decodeLine(line, number);
    if (reader === null) {
      checkHeader(record, number);
      reader = new ArchiveReader(isForReading);
      continue;
    }
    const archived = reader.read(record, number);
    if (archived !== null) yield archived;
  }
  if (reader === null) throw badLine(1, 'the archive is empty');
  reader.checkEnd(number);
}

function checkHeader(record: ArchiveRecord, number: number): void {
  if (record.record !== 'archive') throw badLine(number, 'an archive begins with a record of kind archive');
  if (record['format'] !== archiveFormat)
    throw badLine(
      number,
      `the archive has format ${String(record['format'])}, this release knows ${archiveFormat}; upgrade dank-workflow`,
    );
}

interface OpenRun {
  readonly row: RunRow;
  readonly line: number;
  readonly events: StoredEvent[];
}

class ArchiveReader {
  /** Of the top-level run that is being read, itself first. */
  #tree: OpenRun[] = [];
  #definitions: StoredDefinition[] = [];
  readonly #seen = new Set<string>();
  readonly #isForReading: boolean;

  constructor(isForReading: boolean) {
    this.#isForReading = isForReading;
  }

  read(record: ArchiveRecord, number: number): Archived | null {
    switch (record.record) {
      case 'definition':
        this.#definition(record, number);
        return null;
      case 'run':
        this.#run(record, number);
        return null;
      case 'event':
        this.#event(record, number);
        return null;
      case 'end':
        return this.#end(record, number);
      default:
        throw badLine(number, `a record of kind '${record.record}' is not known`);
    }
  }

  checkEnd(number: number): void {
    const [open] = this.#tree;
    if (open !== undefined) throw badLine(number, `the archive ends within run '${open.row.id}'`);
  }

  #definition(record: ArchiveRecord, number: number): void {
    const { hash } = record;
    const canonical = memberText(record, number);
    if (typeof hash !== 'string' || createHash('sha256').update(canonical).digest('hex') !== hash)
      throw badLine(number, 'the definition is not the one that its hash says');
    this.#definitions.push({ hash, canonical });
  }

  #run(record: ArchiveRecord, number: number): void {
    this.#checkEvents(number);
    const row = readRow(record['row'], (what) => badLine(number, what), this.#isForReading);
    if (this.#seen.has(row.id)) throw badLine(number, `run '${row.id}' is in the archive twice`);
    this.#seen.add(row.id);
    const [top] = this.#tree;
    const parent = this.#tree.find((each) => each.row.id === row.parent);
    if (top === undefined ? row.kind !== 'run' || row.parent !== null : parent === undefined || row.kind === 'run')
      throw badLine(number, `run '${row.id}' is not in its place: a run comes first, then what is below it`);
    if (top !== undefined && !row.id.startsWith(`${top.row.id}/`))
      throw badLine(number, `the id of run '${row.id}' does not begin with that of run '${top.row.id}'`);
    this.#tree.push({ row, line: number, events: [] });
  }

  #event(record: ArchiveRecord, number: number): void {
    const { seq, at, type } = record;
    const run = this.#tree.at(-1);
    if (run === undefined) throw badLine(number, 'an event comes after the run that it belongs to');
    const last = run.events.at(-1);
    const next = last === undefined ? 1 : nextSeq(last);
    if (seq !== next) throw badLine(number, `event ${next} of run '${run.row.id}' was expected, not ${String(seq)}`);
    if (typeof at !== 'number' || !Number.isSafeInteger(at) || typeof type !== 'string')
      throw badLine(number, 'the event has no time or no type');
    run.events.push({ seq: next, at, type: type as StoredEvent['type'], data: memberText(record, number) });
  }

  #end(record: ArchiveRecord, number: number): Archived {
    this.#checkEvents(number);
    const tree = this.#tree;
    const [top] = tree;
    const events = tree.reduce((sum, run) => sum + run.events.length, 0);
    if (
      top === undefined ||
      record['run'] !== top.row.id ||
      record['runs'] !== tree.length ||
      record['events'] !== events
    )
      throw badLine(number, 'lines are missing before it, or there are too many');
    const definitions = this.#definitions;
    this.#tree = [];
    this.#definitions = [];
    const commits = tree.map((run): Commit => ({ run: run.row.id, create: run.row, events: run.events }));
    return { id: top.row.id, line: number, definitions, commits };
  }

  #checkEvents(number: number): void {
    const last = this.#tree.at(-1);
    if (last?.events.length === 0) throw badLine(number, `run '${last.row.id}' has no events`);
  }
}
