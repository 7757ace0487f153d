/**
 * The terminal and the process, as the commands see them. This is the one place of the command line that touches `process`:
 * streams, environment, signals, exit. What other code writes to stdout can be kept off it (`--json`) or announced first
 * (a live view that is in the way).
 */
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Clock } from '../core/ports.ts';
import { defaultClock } from '../http/default-clock.ts';
import { createStyle, wantsColor, type Style } from './view/style.ts';

export interface Terminal {
  readonly isTTY: boolean;
  columns(): number;
  rows(): number;
}

export interface Io {
  /** How this command was called: `dank-workflow` or `dank workflow`. */
  readonly name: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Who calls: the user's name in the operating system; null where it has none. */
  user(): string | null;
  /** Writes to stdout: results only. */
  readonly out: (text: string) => void;
  /** Writes to stderr: everything else. */
  readonly err: (text: string) => void;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly outStyle: Style;
  readonly errStyle: Style;
  /** @throws Error */
  readStdin(): Promise<string>;
  readonly stdinIsTTY: boolean;
  /** One line from the terminal; the question goes to stderr. */
  ask(question: string): Promise<string>;
  /** From now on what anything else writes to stdout goes to stderr. */
  keepStdoutClean(): void;
  /** Calls `before` ahead of each whole line that anything else writes to the terminal, until the given function is called. */
  onForeignOutput(before: () => void): () => void;
  /** Takes over SIGINT and SIGTERM until the given function is called. */
  onStop(handler: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Runs when the process ends, however it ends by itself. */
  onExit(handler: () => void): () => void;
  /** Resolves when what was written has left the process. */
  flushed(): Promise<void>;
  /** Ends the process at once. */
  exit(code: number): never;
}

type Write = typeof process.stdout.write;

interface Colors {
  /** `--no-color`. */
  readonly noColor: boolean;
}

export function createIo(name: string, { noColor }: Colors): Io {
  const write = { stdout: bound(process.stdout), stderr: bound(process.stderr) };
  const colors = (stream: NodeJS.WriteStream): Style =>
    createStyle(!noColor && wantsColor(process.env, stream.isTTY), isUnicode());
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  return {
    name,
    cwd: process.cwd(),
    env: process.env,
    clock: defaultClock,
    user: userName,
    out: (text) => void write.stdout(text),
    err: (text) => void write.stderr(text),
    stdout: terminalOf(process.stdout),
    stderr: terminalOf(process.stderr),
    outStyle: colors(process.stdout),
    errStyle: colors(process.stderr),
    readStdin,
    stdinIsTTY: process.stdin.isTTY,
    ask,
    keepStdoutClean: () => {
      process.stdout.write = ((...parameters: Parameters<Write>) => process.stderr.write(...parameters)) as Write;
    },
    onForeignOutput: (before) => {
      const restore = [process.stdout, process.stderr]
        .filter((stream) => stream.isTTY)
        .map((stream) => announce(stream, before));
      return () => {
        for (const each of restore) each();
      };
    },
    onStop: (handler) => {
      const signals = ['SIGINT', 'SIGTERM'] as const;
      for (const signal of signals) process.on(signal, handler);
      return () => {
        for (const signal of signals) process.off(signal, handler);
      };
    },
    onExit: (handler) => {
      process.on('exit', handler);
      return () => process.off('exit', handler);
    },
    flushed: async () => {
      await Promise.all(
        [write.stdout, write.stderr].map((each) => new Promise<void>((resolve) => each('', () => resolve()))),
      );
    },
    exit: (code) => process.exit(code),
  };
}

/** The stream's own `write`, whatever is put in its place later. */
function bound(stream: NodeJS.WriteStream): (text: string, done?: () => void) => boolean {
  const write = stream.write.bind(stream);
  return (text, done) => write(text, done);
}

function terminalOf(stream: NodeJS.WriteStream): Terminal {
  return { isTTY: stream.isTTY, columns: () => stream.columns || 80, rows: () => stream.rows || 24 };
}

/** A user without an entry of its own (as containers have them) goes by what the environment says. */
function userName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] ?? null;
  }
}

/** The reader of a pipe may leave early (`| head`): no reason to fail, nor to end a run. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** Holds back unfinished lines, so that nothing is drawn into them. */
function announce(stream: NodeJS.WriteStream, before: () => void): () => void {
  const write = stream.write.bind(stream);
  let rest = '';
  const passOn = (text: string): void => {
    before();
    write(text);
  };
  stream.write = (chunk: string | Uint8Array, ...parameters: unknown[]) => {
    rest += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    const end = rest.lastIndexOf('\n') + 1;
    if (end > 0) passOn(rest.slice(0, end));
    rest = rest.slice(end);
    const callback = parameters.findLast((each) => typeof each === 'function') as (() => void) | undefined;
    if (callback !== undefined) queueMicrotask(callback);
    return true;
  };
  return () => {
    stream.write = write;
    if (rest !== '') passOn(`${rest}\n`);
  };
}

/** Terminals that show more than ASCII: all but the Linux console and old Windows ones. */
function isUnicode(): boolean {
  const { env, platform } = process;
  if (platform === 'win32') return env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] === 'vscode';
  return env['TERM'] !== 'linux';
}
