/** Leaves the runs of tests as recordings, so that they count as what was seen: `DANK_RECORD_RUNS=<folder>` for all test engines. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../core/ports.ts';
import { exportRuns } from '../store/archive/export.ts';

/** Null: none is wanted. */
export function recordingFolder(): string | null {
  const folder = process.env['DANK_RECORD_RUNS'];
  return folder === undefined || folder === '' ? null : folder;
}

const pageSize = 500;

/** A file for each top-level run, named by its workflow and what it holds: the same run twice is one file. */
export function recordRuns(store: Store, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (let after: string | undefined; ;) {
    const page = store.listRuns({ kind: ['run'], limit: pageSize, ...(after === undefined ? {} : { after }) });
    for (const { id, workflow } of page) {
      const text = [...exportRuns(store, [id])].join('\n');
      const name = createHash('sha256').update(text).digest('hex').slice(0, 16);
      writeFileSync(join(folder, `${workflow.replaceAll(/[^\w.-]/g, '_')}-${name}.jsonl`), `${text}\n`);
    }
    after = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}
