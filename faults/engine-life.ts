/** One life of the engine's process, from its start to its death. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Command, Commands } from './commands.ts';

export interface LifeOptions {
  /** The store. */
  readonly file: string;
  /** Its address. */
  readonly receiver: string;
  readonly durability: string;
  /** A bug of planted-bugs.ts. @default none */
  readonly plant?: string;
  /** A folder: where compiled code is kept, so that the next process need not compile it again. @default nowhere */
  readonly codeCache?: string;
  /** Told of what was acknowledged. */
  readonly commands: Commands;
  /** Told when it ends in another way than by a kill, or says that something is wrong. */
  readonly complain: (what: string) => void;
}

const startMs = 60_000;

export class EngineLife {
  readonly ended: Promise<void>;
  /** False: it died before it had its code. */
  readonly loaded: Promise<boolean>;
  readonly #process: ChildProcess;
  readonly #ready: Promise<boolean>;
  isAlive = true;

  constructor({ file, receiver, durability, plant = '', codeCache, commands, complain }: LifeOptions) {
    const script = fileURLToPath(new URL('engine-process.ts', import.meta.url));
    this.#process = spawn(process.execPath, ['--no-warnings', script, file, receiver, durability, plant], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...(codeCache === undefined ? {} : { NODE_COMPILE_CACHE: codeCache }) },
    });
    const { stdin, stdout, stderr } = this.#process;
    // It may be gone before it has read what it was told.
    stdin?.on('error', () => undefined);
    let complaints = '';
    stderr?.on('data', (text: Buffer) => {
      complaints = `${complaints}${text.toString()}`.slice(-2_000);
    });
    // What was still in the pipe is read before the end is told.
    this.ended = new Promise((resolve) => {
      this.#process.on('close', (code) => {
        this.isAlive = false;
        if (code !== null && code !== 0) complain(`the process ended by itself with ${code}: ${complaints}`);
        resolve();
      });
    });
    const lines = createInterface({ input: stdout as NonNullable<typeof stdout> });
    const has = { loaded: Promise.withResolvers<boolean>(), ready: Promise.withResolvers<boolean>() };
    lines.on('line', (line) => {
      if (line === 'loaded' || line === 'ready') has[line].resolve(true);
      else if (line.startsWith('complaint ')) complain(line.slice('complaint '.length));
      else commands.heard(line);
    });
    const died = this.ended.then(() => false);
    this.loaded = Promise.race([has.loaded.promise, died]);
    this.#ready = Promise.race([has.ready.promise, died]);
  }

  /**
   * Lets it begin. False: it died before it was ready.
   * @param point at which it kills itself, as crash-points.ts says
   */
  begin(point: string | null): Promise<boolean> {
    this.#process.stdin?.write(`${JSON.stringify({ point })}\n`);
    return Promise.race([this.#ready, sleep(startMs, false, { ref: false })]);
  }

  tell(command: Command): void {
    if (this.isAlive) this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** Whether it has ended within that time. */
  async endsWithin(ms: number): Promise<boolean> {
    await Promise.race([this.ended, sleep(ms, undefined, { ref: false })]);
    return !this.isAlive;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** As a debugger or a sleeping laptop would. */
  stop(): void {
    this.#process.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process.kill('SIGCONT');
  }
}
