/**
 * Writes runs as an archive: each top-level run with its definitions, its history and all that is below it, so that it can be
 * read and imported elsewhere. What the histories hold is written as it is: secrets were masked before they were stored.
 */
import { WorkflowError } from '../../core/errors.ts';
import type { Store, StoredEvent } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import { nextSeq } from '../removed.ts';
import { boundBy, sourceOf } from '../source-of.ts';
import { archiveFormat, encodeLine, textMember } from './line.ts';

export type ExportedStore = Pick<Store, 'readRun' | 'readEvents' | 'readDefinition' | 'listRuns'>;

const eventsPerRead = 500;
const rowsPerRead = 500;

/**
 * Lines without their ends. A run comes after those that it was forked from. Runs that have not ended are written as they are
 * now; they can be read, not imported.
 * @param runs ids of top-level runs; one that is named twice is written once
 * @throws WorkflowError NOT_FOUND; REQUEST_INVALID: a child or a round; STORE_*
 */
export function* exportRuns(store: ExportedStore, runs: Iterable<string>): Generator<string> {
  yield encodeLine({ record: 'archive', format: archiveFormat });
  const writer = new Writer(store);
  for (const run of runs) yield* writer.top(run);
}

class Writer {
  readonly #store: ExportedStore;
  readonly #written = new Set<string>();
  readonly #definitions = new Set<string>();

  constructor(store: ExportedStore) {
    this.#store = store;
  }

  *top(id: string): Generator<string> {
    if (this.#written.has(id)) return;
    this.#written.add(id);
    const row = this.#store.readRun(id);
    if (row === null) throw new WorkflowError('NOT_FOUND', `There is no run '${id}' to export`);
    if (row.kind !== 'run')
      throw new WorkflowError(
        'REQUEST_INVALID',
        `'${id}' is a ${row.kind} and goes with its run '${rootOf(id)}'; export that one`,
      );
    const tree = [...this.#tree(row)];
    const { sources, definitions } = this.#references(tree);
    for (const source of sources) yield* this.top(rootOf(source));
    for (const hash of definitions) yield* this.#definition(hash);
    let events = 0;
    for (const each of tree) {
      yield encodeLine({ record: 'run', row: each });
      for (const event of this.#events(each.id)) {
        events += 1;
        yield encodeLine({
          record: 'event',
          seq: event.seq,
          at: event.at,
          type: event.type,
          ...textMember(event.data),
        });
      }
    }
    yield encodeLine({ record: 'end', run: id, runs: tree.length, events });
  }

  /** A run before what is below it, in the order it began in. */
  *#tree(row: RunRow): Generator<RunRow> {
    yield row;
    let after: string | undefined;
    for (;;) {
      const page = this.#store.listRuns({
        parent: row.id,
        kind: ['round', 'child'],
        order: 'asc',
        limit: rowsPerRead,
        ...(after === undefined ? {} : { after }),
      });
      for (const each of page) yield* this.#tree(each);
      after = page.at(-1)?.id;
      if (page.length < rowsPerRead) return;
    }
  }

  *#events(run: string): Generator<StoredEvent> {
    for (let from = 1; ;) {
      const page = this.#store.readEvents(run, from, eventsPerRead);
      yield* page;
      const last = page.at(-1);
      if (last !== undefined) from = nextSeq(last);
      if (page.length < eventsPerRead) return;
    }
  }

  /** Runs and definitions that the histories refer to. */
  #references(tree: readonly RunRow[]): {
    readonly sources: ReadonlySet<string>;
    readonly definitions: ReadonlySet<string>;
  } {
    const sources = new Set<string>();
    const definitions = new Set(tree.map(({ hash }) => hash));
    for (const { id } of tree) {
      for (const event of this.#events(id)) {
        const [source, hash] = [sourceOf(event), boundBy(event)];
        if (source !== null && this.#store.readRun(rootOf(source)) !== null) sources.add(source);
        if (hash !== null) definitions.add(hash);
      }
    }
    return { sources, definitions };
  }

  *#definition(hash: string): Generator<string> {
    if (this.#definitions.has(hash)) return;
    this.#definitions.add(hash);
    const canonical = this.#store.readDefinition(hash);
    if (canonical !== null) yield encodeLine({ record: 'definition', hash, ...textMember(canonical) });
  }
}

/** Ids of top-level runs have no '/'. */
function rootOf(id: string): string {
  return id.split('/', 1)[0] ?? id;
}
