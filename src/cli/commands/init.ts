/** `init [dir]`: makes a small project that runs at once. Never changes a file that is there. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkflowError } from '../../core/errors.ts';
import { workflowFileNames } from '../../project/find-file.ts';
import { exitCodes } from '../exit-code.ts';
import type { InitFlags } from '../flags.ts';
import type { Io } from '../io.ts';

const templates = fileURLToPath(new URL('../templates', import.meta.url));

interface TemplateFile {
  /** In the new project; with `/`. */
  readonly name: string;
  readonly source: string;
}

/** Where the names differ: npm would take these files of ours for its own. */
const renamed: Readonly<Record<string, string>> = { '_package.json': 'package.json', _gitignore: '.gitignore' };

export async function init(io: Io, dir: string, flags: InitFlags): Promise<number> {
  const target = resolve(io.cwd, dir);
  const files = [...(await filesOf('common')), ...(await filesOf(flags.yaml === true ? 'yaml' : 'code'))];
  const workflows = files.find(({ name }) => workflowFileNames.includes(name))?.name ?? '';
  const there = await makeFolder(target);
  // A second one would leave it open which is meant.
  const own = there.find((name) => workflowFileNames.includes(name) && name !== workflows);
  const values = { NAME: packageName(target), VERSION: ownVersion(), WORKFLOWS: own ?? workflows };
  const created: string[] = [];
  const kept: string[] = [];
  for (const file of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const isNew =
      !(own !== undefined && file.name === workflows) &&
      (await write(join(target, file.name), await fill(file, values)));
    (isNew ? created : kept).push(own !== undefined && file.name === workflows ? own : file.name);
  }
  tell(io, target, { created, kept, next: nextSteps(io, target) }, flags);
  return exitCodes.ok;
}

async function makeFolder(target: string): Promise<readonly string[]> {
  try {
    await mkdir(target, { recursive: true });
    return await readdir(target);
  } catch (error) {
    throw new WorkflowError(
      'REQUEST_INVALID',
      `${target} cannot be a project folder: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

async function filesOf(kind: string): Promise<readonly TemplateFile[]> {
  const root = join(templates, kind);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const source = join(entry.parentPath, entry.name);
      const name = relative(root, source).replaceAll('\\', '/');
      return { name: renamed[name] ?? name, source };
    });
}

async function fill({ source }: TemplateFile, values: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(source, 'utf8');
  return text.replaceAll(/__([A-Z]+)__/g, (whole, name: string) => values[name] ?? whole);
}

/** False: there is such a file. */
async function write(file: string, text: string): Promise<boolean> {
  try {
    await mkdir(dirname(file), { recursive: true });
  } catch (error) {
    throw cannotWrite(file, error);
  }
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw cannotWrite(file, error);
  }
}

function cannotWrite(file: string, cause: unknown): WorkflowError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WorkflowError('REQUEST_INVALID', `${file} cannot be written: ${reason}`, { cause });
}

function packageName(target: string): string {
  const name = basename(target)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-');
  return name.replaceAll(/^[._-]+|[._-]+$/g, '') || 'workflows';
}

function ownVersion(): string {
  return (createRequire(import.meta.url)('dank-workflow/package.json') as { readonly version: string }).version;
}

/** What to type next. Our own commands work without the package being installed there, `npm start` does not. */
function nextSteps(io: Io, target: string): readonly string[] {
  const folder = relative(io.cwd, target);
  const own = ['run hello', 'validate', 'logs hello'].map((each) => `${io.name} ${each}`);
  return [...(folder === '' ? [] : [`cd ${folder}`]), ...own];
}

/** Whether the package is installed in the folder or in one above it. */
function isInstalled(target: string): boolean {
  if (existsSync(join(target, 'node_modules', 'dank-workflow', 'package.json'))) return true;
  return target !== dirname(target) && isInstalled(dirname(target));
}

interface Made {
  readonly created: readonly string[];
  readonly kept: readonly string[];
  readonly next: readonly string[];
}

function tell(io: Io, target: string, { created, kept, next }: Made, flags: InitFlags): void {
  if (flags.json === true) {
    io.out(`${JSON.stringify({ dir: target, created, kept, next }, null, 2)}\n`);
    return;
  }
  const { outStyle: style } = io;
  for (const name of created) io.out(`${style.green('created')} ${name}\n`);
  for (const name of kept)
    io.out(`${style.yellow('kept   ')} ${name} ${style.dim('(it was there; nothing in it was changed)')}\n`);
  io.out(`\nNext:\n${next.map((each) => `  ${each}\n`).join('')}`);
  if (isInstalled(target)) return;
  const root = dirname(createRequire(import.meta.url).resolve('dank-workflow/package.json'));
  io.out(
    `\n'npm start' needs the package dank-workflow in the project: npm install (or, from this disk: npm install ${root})\n`,
  );
}
