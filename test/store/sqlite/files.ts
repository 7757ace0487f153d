/** Temporary directories for tests of store files. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

export interface TemporaryDirectory {
  readonly path: string;
  /** A path in it. */
  file(name?: string): string;
  remove(): void;
}

export function temporaryDirectory(): TemporaryDirectory {
  const directory = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'dank-store-')));
  return {
    path: directory,
    file: (name = 'store.db') => path.join(directory, name),
    remove: () => fs.rmSync(directory, { recursive: true, force: true }),
  };
}

/** Everything in a directory: names with permissions, and contents. */
export function contents(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const stats = fs.statSync(path.join(directory, entry));
    found[entry] = stats.isDirectory() ? 'directory' : fs.readFileSync(path.join(directory, entry)).toString('base64');
  }
  return found;
}

export function modeOf(file: string): string {
  return (fs.statSync(file).mode & 0o777).toString(8);
}
