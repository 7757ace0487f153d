/**
 * `npm run check:oldest`: the packed package on the oldest Node.js that `engines` promises. Fetches that Node.js with npm
 * (so it needs a registry, and is not part of `npm run check`) and runs the package's tests with it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
const oldest = engines.node.replace(/^>=/, '');

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): number {
  return spawnSync(command, args, { cwd, env, stdio: 'inherit' }).status ?? 1;
}

const folder = mkdtempSync(join(tmpdir(), 'dank-workflow-node-'));
try {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
  const installed = run('npm', ['install', '--silent', '--no-audit', '--no-fund', `node@~${oldest}`], folder);
  const node = join(folder, 'node_modules', '.bin', 'node');
  process.exitCode =
    installed !== 0 || run(node, ['--version'], folder) !== 0
      ? 1
      : run('vitest', ['run', 'test/package'], root, { ...process.env, PACKAGE_TEST_NODE: node });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
