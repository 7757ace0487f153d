/** Commands as messages name them: with the flags that find the same project and store from the same folder. */
import { relative } from 'node:path';
import type { Project } from '../project/project.ts';
import type { ProjectFlags, StoreFlags } from './flags.ts';
import type { Io } from './io.ts';

/** @param project null: the command only looks, and found the store by its flags */
export function hint(
  io: Io,
  words: string,
  flags: Pick<ProjectFlags, 'file'> & StoreFlags,
  project: Project | null,
): string {
  const file = flags.file === undefined ? '' : ` --file ${quote(flags.file)}`;
  const store = flags.store ?? (project !== null && isElsewhere(project) ? relative(io.cwd, project.store) : undefined);
  return `${io.name} ${words}${file}${store === undefined ? '' : ` --store ${quote(store)}`}`;
}

/** Whether the workflow file names a store of its own: commands that only look do not read that file first. */
function isElsewhere({ dir, store }: Project): boolean {
  return relative(dir, store) !== '.dank/workflows.db' && relative(dir, store) !== '.dank\\workflows.db';
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
