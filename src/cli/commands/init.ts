/** `init [dir]`: makes a small project that runs at once. Never changes a file that is there. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { WorkflowError } from '../../core/errors.ts';
import { exitCodes } from '../exit-code.ts';
import type { InitFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { projectFiles } from '../project-files.ts';

export async function init(io: Io, dir: string, flags: InitFlags): Promise<number> {
  const target = resolve(io.cwd, dir);
  const there = await makeFolder(target);
  const { files, instead, hasNewWorkflow } = await projectFiles(target, there, flags.yaml === true);
  const created: string[] = [];
  const kept: string[] = [...instead];
  for (const { name, text } of files) ((await write(join(target, name), text)) ? created : kept).push(name);
  const next = nextSteps(io, target, hasNewWorkflow);
  tell(io, target, { created, kept: kept.sort(), next }, flags);
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

/** What to type next. Our own commands work without the package being installed there, `npm start` does not. */
function nextSteps(io: Io, target: string, hasNewWorkflow: boolean): readonly string[] {
  const folder = relative(io.cwd, target);
  const words = hasNewWorkflow ? ['run hello', 'validate', 'logs hello'] : ['list', 'validate'];
  const own = words.map((each) => `${io.name} ${each}`);
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
    created.includes('package.json')
      ? `\n'npm start' needs the package dank-workflow in the project: npm install (or, from this disk: npm install ${root})\n`
      : `\nTo have the package dank-workflow in the project: npm install dank-workflow (or, from this disk: npm install ${root})\n`,
  );
}
