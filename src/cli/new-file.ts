/** Files that commands write: new ones only, whole or not at all. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { WorkflowError } from '../core/errors.ts';

/**
 * Writes the lines beside the file first; it is there, on the disk, when all are written. For the user alone (mode 0600), as
 * histories hold prompts and answers.
 * @throws WorkflowError REQUEST_INVALID: the file exists, or cannot be written; and what `lines` throws
 */
export function writeNewFile(file: string, lines: Iterable<string>): void {
  if (existsSync(file))
    throw new WorkflowError('REQUEST_INVALID', `${file} exists already; give the name of a new file`);
  const partial = `${file}.partial`;
  try {
    const descriptor = openSync(partial, 'w', 0o600);
    try {
      for (const line of lines) writeSync(descriptor, `${line}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof WorkflowError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new WorkflowError('REQUEST_INVALID', `${file} cannot be written: ${why}`, { cause: error });
  }
}
