/** A store file as SQL text that builds exactly it, and back. */
import { DatabaseSync } from 'node:sqlite';

interface Named {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

export function dumpStore(file: string): string {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const pragma = (name: string): number => Number(Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0]);
    const objects = db.prepare('select type, name, sql from sqlite_schema order by rowid').all() as unknown as Named[];
    const lines = ['begin;'];
    for (const { name, sql } of objects) {
      if (sql !== null && !name.startsWith('sqlite_')) lines.push(`${sql.replaceAll(/\s*\n\s*/g, ' ')};`);
    }
    for (const { type, name } of objects) {
      if (type === 'table' && !name.startsWith('sqlite_')) lines.push(...rowsOf(db, name));
    }
    lines.push('delete from sqlite_sequence;', ...rowsOf(db, 'sqlite_sequence'));
    lines.push(`pragma application_id = ${pragma('application_id')};`);
    lines.push(`pragma user_version = ${pragma('user_version')};`, 'commit;');
    return `${lines.join('\n')}\n`;
  } finally {
    db.close();
  }
}

function rowsOf(db: DatabaseSync, table: string): readonly string[] {
  const columns = db.prepare('select name from pragma_table_info(?)').all(table);
  const quoted = columns.map(({ name }) => `quote(${String(name)})`).join(` || ', ' || `);
  return db
    .prepare(`select ${quoted} as row from ${table}`)
    .all()
    .map(({ row }) => `insert into ${table} values (${String(row)});`);
}

/** Makes the store file that was dumped. */
export function buildStore(file: string, dump: string): void {
  const db = new DatabaseSync(file);
  try {
    db.exec(dump);
  } finally {
    db.close();
  }
}
