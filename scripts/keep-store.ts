/**
 * Keeps a store file of this release as SQL text, so that later releases are tested to bring it up to date:
 * `node scripts/keep-store.ts` writes `test/store/sqlite/kept/version-<n>.sql` of the newest schema version, and refuses
 * to touch one that is there. To be run once, before a new migration is released.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schemaVersion } from '../src/store/sqlite/schema.ts';
import { dumpStore } from '../test/store/sqlite/kept/dump.ts';
import { fillStore } from '../test/store/sqlite/kept/fill.ts';

const target = new URL(`../test/store/sqlite/kept/version-${schemaVersion}.sql`, import.meta.url);
if (existsSync(target)) throw new Error(`${target.pathname} is kept already; it is never made anew`);
const folder = mkdtempSync(join(tmpdir(), 'dank-kept-'));
try {
  const file = join(folder, 'store.db');
  await fillStore(file);
  writeFileSync(target, dumpStore(file));
  console.log(`kept: ${target.pathname}`);
} finally {
  rmSync(folder, { recursive: true });
}
