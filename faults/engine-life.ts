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
  /** Told of what was acknowledged. */
  readonly commands: Commands;
  /** Told when it ends in another way than by a kill. */
  readonly complain: (what: string) => void;
}

const startMs = 60_000;

export class EngineLife {
  readonly ended: Promise<void>;
  readonly #process: ChildProcess;
  readonly #ready: Promise<boolean>;
  isAlive = true;

  constructor({ file, receiver, durability, commands, complain }: LifeOptions) {
    const script = fileURLToPath(new URL('engine-process.ts', import.meta.url));
    this.#process = spawn(process.execPath, ['--no-warnings', script, file, receiver, durability], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr } = this.#process;
    // It may be gone before it has read what it was told.
    stdin?.on('error', () => undefined);
    let complaints = '';
    stderr?.on('data', (text: Buffer) => {
      complaints += text.toString();
    });
    // What was still in the pipe is read before the end is told.
    this.ended = new Promise((resolve) => {
      this.#process.on('close', (code) => {
        this.isAlive = false;
        if (code !== null && code !== 0)
          complain(`the process ended by itself with ${code}: ${complaints.slice(0, 2_000)}`);
        resolve();
      });
    });
    const lines = createInterface({ input: stdout as NonNullable<typeof stdout> });
    const isReady = new Promise<boolean>((resolve) => {
      lines.on('line', (line) => {
        if (line === 'ready') resolve(true);
        else commands.heard(line);
      });
    });
    this.#ready = Promise.race([isReady, this.ended.then(() => false)]);
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
