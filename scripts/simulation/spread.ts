/** Seeds on several processes, each a part of them; what they tell is heard as it comes. Owns the processes. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SeedTold } from './seeds.ts';

const script = fileURLToPath(new URL('../simulate.ts', import.meta.url));

/** What a process has to do. */
export interface Share {
  readonly from: number;
  readonly count: number;
  readonly every: number;
  readonly twice: boolean;
  /** A bug that is planted in it; it ends with the first seed that finds it. */
  readonly plant: string | null;
  /** After so many milliseconds it is ended; null: never. */
  readonly withinMs: number | null;
}

export interface Ended {
  /** Whether it did all that it was to do. */
  readonly isFine: boolean;
  /** What it wrote to its outputs: when it went wrong, why. */
  readonly output: string;
}

export function inProcess(share: Share, hear: (told: SeedTold) => void): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const args = ['--child', JSON.stringify(share)];
    // Most of what a seed makes does not live long.
    const execArgv = ['--max-semi-space-size=64'];
    const child = fork(script, args, { execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += String(text)));
    const end = (): void => {
      output += `it did not end within ${share.withinMs} ms`;
      child.kill('SIGKILL');
    };
    const patience = share.withinMs === null ? undefined : setTimeout(end, share.withinMs);
    child.on('message', (told) => {
      hear(told as SeedTold);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(patience);
      resolve({ isFine: code === 0, output });
    });
  });
}
