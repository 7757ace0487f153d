/** An {@link Io} without a process: what was written, and signals as the test sends them. */
import type { Io } from '../../src/cli/io.ts';
import { createStyle } from '../../src/cli/view/style.ts';
import { defaultClock } from '../../src/http/default-clock.ts';

export interface FakeIo extends Io {
  /** What is on stdout so far. */
  stdoutText(): string;
  stderrText(): string;
  /** Resolves when this was written, to either. */
  wrote(text: string): Promise<void>;
  signal(name: 'SIGINT' | 'SIGTERM'): void;
}

export interface FakeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly stdin?: string;
}

export function createFakeIo(cwd: string, options: FakeOptions = {}): FakeIo {
  const written = { out: '', err: '' };
  const awaited: { readonly text: string; readonly resolve: () => void }[] = [];
  const hasWritten = (text: string): boolean => `${written.out}${written.err}`.includes(text);
  const write = (to: 'out' | 'err', text: string): void => {
    written[to] += text;
    for (const each of awaited.filter((one) => hasWritten(one.text))) each.resolve();
  };
  const handlers = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  const { isTTY = false, columns = 100, rows = 30, stdin = '' } = options;
  const terminal = { isTTY, columns: () => columns, rows: () => rows };
  const style = createStyle(false, true);
  return {
    name: 'dank-workflow',
    cwd,
    env: options.env ?? {},
    clock: defaultClock,
    user: () => 'tester',
    out: (text) => write('out', text),
    err: (text) => write('err', text),
    stdout: terminal,
    stderr: terminal,
    outStyle: style,
    errStyle: style,
    stdinIsTTY: isTTY,
    readStdin: () => Promise.resolve(stdin),
    ask: () => Promise.resolve(stdin),
    keepStdoutClean: () => undefined,
    onForeignOutput: () => () => undefined,
    onStop: (handler) => {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    onExit: () => () => undefined,
    flushed: () => Promise.resolve(),
    exit: (code) => {
      throw new Error(`exit ${code}`);
    },
    stdoutText: () => written.out,
    stderrText: () => written.err,
    wrote: (text) => new Promise((resolve) => (hasWritten(text) ? resolve() : awaited.push({ text, resolve }))),
    signal: (name) => {
      for (const handler of handlers) handler(name);
    },
  };
}
