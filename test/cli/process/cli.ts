/** The command line in processes of its own, from the built package: `npm run build` comes first (as `npm test` does). */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const root: string = fileURLToPath(new URL('../../..', import.meta.url));
export const bin: string = join(root, 'bin/dank-workflow.js');

/** @throws when there is nothing to test */
export function assertBuilt(): void {
  if (!existsSync(join(root, 'dist/src/cli/main.js'))) throw new Error('there is no dist: run npm run build first');
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Process {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when this stands on stdout or stderr. */
  wrote(text: string | RegExp): Promise<void>;
}

export interface ProcessOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Variables that would change what a command does or shows. */
const unset = ['NO_COLOR', 'FORCE_COLOR', 'DANK_DEBUG', 'npm_command', 'NODE_OPTIONS', 'NODE_V8_COVERAGE'];

export function start(command: string, args: readonly string[], options: ProcessOptions): Process {
  const env = { ...process.env, ...options.env };
  for (const name of unset) if (options.env?.[name] === undefined) delete env[name];
  const child = spawn(command, args, { cwd: options.cwd, env, stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const text = { stdout: '', stderr: '' };
  const waiting: {
    readonly matches: () => boolean;
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  const collect = (name: 'stdout' | 'stderr', chunk: unknown): void => {
    text[name] += String(chunk);
    for (const each of waiting) if (each.matches()) each.resolve();
  };
  child.stdout.on('data', (chunk) => collect('stdout', chunk));
  child.stderr.on('data', (chunk) => collect('stderr', chunk));
  child.stdin.on('error', () => undefined).end(options.stdin ?? '');
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      for (const each of waiting) each.reject(new Error(`it ended without that:\n${text.stdout}\n${text.stderr}`));
      resolve({ code, signal, ...text });
    });
  });
  const wrote = (wanted: string | RegExp): Promise<void> => {
    const matches = (): boolean => {
      const all = `${text.stdout}\n${text.stderr}`;
      return typeof wanted === 'string' ? all.includes(wanted) : wanted.test(all);
    };
    return new Promise((resolve, reject) => (matches() ? resolve() : waiting.push({ matches, resolve, reject })));
  };
  return { child, ended, wrote };
}

/** `dank-workflow` with these arguments. */
export function cli(args: readonly string[], options: ProcessOptions): Process {
  return start(process.execPath, [bin, ...args], options);
}
