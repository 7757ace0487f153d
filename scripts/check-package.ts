/**
 * Packs the package as `npm publish` would and lets publint and attw judge the tarball. Needs a build.
 * attw's profile is `esm-only`: `require()` of ES modules works from Node 22.12 on, below which nothing here runs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} found mistakes`);
}

function checkPackage(folder: string): void {
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder]);
  const [tarball] = readdirSync(folder);
  if (tarball === undefined) throw new Error('npm pack wrote no tarball');
  run('publint', ['run', join(folder, tarball), '--strict']);
  run('attw', [join(folder, tarball), '--profile', 'esm-only', '--format', 'ascii']);
}

const folder = mkdtempSync(join(tmpdir(), 'dank-workflow-pack-'));
try {
  checkPackage(folder);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
