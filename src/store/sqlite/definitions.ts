/**
 * Removes definitions that no run refers to. Owns which those are; that a run and its definition are written in one transaction is the
 * writer's: a run that begins in the same moment has its definition, whoever comes first.
 */
import type { StatementSync } from 'node:sqlite';
import type { PrunedDefinitions } from '../../core/ports.ts';
import type { Connection, Query } from './connection.ts';

/** Definitions that are looked at in one call; a few lookups each. */
const maxLooks = 200;

interface Candidate {
  readonly id: number;
  readonly hash: string;
}

/** Not the newest of its workflow, which whoever starts it next is likely to refer to. */
const superseded = `exists (select 1 from definitions n where n.workflow = d.workflow and n.rowid > d.rowid)`;

export class Definitions {
  readonly #connection: Connection;
  readonly #page: Query<Candidate>;
  readonly #isUsed: Query<{ readonly is_used: number }>;
  readonly #remove: StatementSync;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#page = connection.query(
      `select rowid as id, hash from definitions d where rowid > ? and ${superseded} order by rowid limit ${maxLooks}`,
    );
    this.#isUsed = connection.query(
      `select exists (select 1 from runs where hash = ?1 and kind <> 'round')
           or exists (select 1 from epochs where hash = ?1) as is_used`,
    );
    this.#remove = connection.db.prepare('delete from definitions where rowid = ?');
  }

  prune(after = 0): PrunedDefinitions {
    // Most calls find nothing to remove: they need not keep others from writing.
    const page = this.#connection.read(() => this.#page.all(after));
    const next = page.length < maxLooks ? null : (page.at(-1)?.id ?? null);
    const isUnused = ({ hash }: Candidate): boolean => this.#isUsed.get(hash)?.is_used === 0;
    if (!this.#connection.read(() => page.some(isUnused))) return { removed: 0, next };
    return this.#connection.write(() => {
      const unused = page.filter(isUnused);
      for (const { id } of unused) this.#remove.run(id);
      return { removed: unused.length, next };
    });
  }

  /** How many {@link prune} would remove, were those top-level runs not there. */
  countUnused(without: readonly string[]): number {
    const { db } = this.#connection;
    return this.#connection.read(() => {
      db.exec('create temp table if not exists leaving (id text primary key) without rowid; delete from leaving');
      const insert = db.prepare('insert or ignore into leaving (id) values (?)');
      for (const run of without) insert.run(run);
      const { unused } = this.#connection.query<{ readonly unused: number }>(countUnused).get() ?? { unused: 0 };
      db.exec('drop table leaving');
      return unused;
    });
  }
}

/** Ids of top-level runs have no '/'. */
const stays = `substr(r.id, 1, instr(r.id || '/', '/') - 1) not in (select id from leaving)`;
const countUnused = `select count(*) as unused from definitions d where ${superseded}
  and not exists (select 1 from runs r where r.hash = d.hash and r.kind <> 'round' and ${stays})
  and not exists (select 1 from epochs e join runs r on r.key = e.run where e.hash = d.hash and ${stays})`;
