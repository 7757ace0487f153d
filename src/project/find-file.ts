/** Which file holds a project's workflows. Looks in one folder only; one that is in a folder above it is named, not taken. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { WorkflowError } from '../core/errors.ts';

/** What a workflow file may be called. */
export const workflowFileNames: readonly string[] = [
  'workflows.config.js',
  'workflows.config.ts',
  'workflows.config.mjs',
  'workflows.config.cjs',
  'workflows.js',
  'workflows.ts',
  'workflows.mjs',
  'workflows.cjs',
  'workflows.yaml',
  'workflows.yml',
  'workflows.json',
];

const extensions: readonly string[] = ['.js', '.ts', '.mjs', '.cjs', '.mts', '.cts', '.yaml', '.yml', '.json'];

export interface WorkflowFile {
  /** Absolute path. */
  readonly file: string;
  /** The project's folder: the file's own. */
  readonly dir: string;
}

/**
 * The workflow file at `path`: the file itself, or the only one of {@link workflowFileNames} in that folder.
 * @throws WorkflowError NOT_FOUND (no such path, no such file in the folder), REQUEST_INVALID (several, or a file of another kind)
 */
export async function findWorkflowFile(path: string): Promise<WorkflowFile> {
  const wanted = resolve(path);
  if (await isFolder(wanted)) return { file: join(wanted, await chooseName(wanted)), dir: wanted };
  if (extensions.includes(extname(wanted))) return { file: wanted, dir: dirname(wanted) };
  throw new WorkflowError(
    'REQUEST_INVALID',
    `${wanted} is no workflow file: expected one that ends in ${extensions.join(', ')}`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new WorkflowError('NOT_FOUND', `there is no file or folder ${path}`, { cause: error });
    }
    throw new WorkflowError(
      'NOT_FOUND',
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const there = new Set(await readdir(folder));
  return workflowFileNames.filter((name) => there.has(name));
}

/** The nearest folder above that holds a workflow file, up to one that may not be read. */
async function folderAbove(folder: string): Promise<string | null> {
  try {
    for (let [below, here] = [folder, dirname(folder)]; here !== below; [below, here] = [here, dirname(here)]) {
      const names = await namesIn(here);
      if (names.length > 0) return here;
    }
  } catch {
    // It is for a hint only.
  }
  return null;
}

async function chooseName(folder: string): Promise<string> {
  const [first, ...others] = await namesIn(folder);
  if (first === undefined) {
    const names = 'workflows.config.js or workflows.js (also .ts, .mjs, .cjs), workflows.yaml or workflows.json';
    const above = await folderAbove(folder);
    const hint = above === null ? "'dank-workflow init' makes one" : `the nearest one is in ${above}`;
    throw new WorkflowError('NOT_FOUND', `there is no workflow file in ${folder}: expected ${names}; ${hint}`);
  }
  if (others.length === 0) return first;
  const all = [first, ...others].join(', ');
  throw new WorkflowError(
    'REQUEST_INVALID',
    `${basename(folder) || folder} holds several workflow files (${all}); name the one that is meant`,
  );
}
