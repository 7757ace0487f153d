/**
 * The package as a user's project has it: packed as npm would publish it, unpacked into a project's `node_modules`, with
 * links to its production dependencies (and Node's types) alone. So an import of a development dependency fails here. No
 * network.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InstalledPackage {
  /** Every packed file, by its path in the package. */
  readonly files: readonly string[];
  /** Writes a file of the user's project. */
  write(name: string, text: string): void;
  /** Runs Node in the user's project: this one, or the one that `PACKAGE_TEST_NODE` names. */
  node(...args: readonly string[]): Outcome;
  remove(): void;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function run(command: string, args: readonly string[], cwd: string): Outcome {
  return spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000 });
}

/** `dist` is what the last build left: `npm test` builds first. */
function packedFiles(): readonly string[] {
  const { status, stdout, stderr } = run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], root);
  if (status !== 0) throw new Error(stderr);
  const [packed] = JSON.parse(stdout) as [{ readonly files: readonly { readonly path: string }[] }];
  return packed.files.map(({ path }) => path);
}

export function installPackage(): InstalledPackage {
  const files = packedFiles();
  const project = mkdtempSync(join(tmpdir(), 'dank-workflow-user-'));
  const modules = join(project, 'node_modules');
  const manifest = readManifest(root);
  for (const file of files) {
    cpSync(join(root, file), join(modules, manifest.name, file), { recursive: true });
  }
  for (const name of [...Object.keys(manifest.dependencies ?? {}), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  return {
    files,
    write: (name, text) => writeFileSync(join(project, name), text),
    node: (...args) => run(process.env['PACKAGE_TEST_NODE'] ?? process.execPath, args, project),
    remove: () => rmSync(project, { recursive: true, force: true }),
  };
}
