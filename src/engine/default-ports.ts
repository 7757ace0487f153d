/** The clock, randomness and log of this process: the default ports. */
import { v7 } from 'uuid';
import type { Clock, Logger, Random } from '../core/ports.ts';
import { defaultClock } from '../http/default-clock.ts';

export const systemClock: Clock = defaultClock;

export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => v7(),
};

/** At the end of this turn of the event loop. */
export function systemDefer(work: () => void): void {
  setImmediate(work);
}

/** Looks at what other processes left, every 100 ms; does not keep the process alive. */
export function systemPoll(look: () => void): () => void {
  return every(100, look);
}

/** Does a step of the background's work every 200 ms; does not keep the process alive. */
export function systemSweep(step: () => void): () => void {
  return every(200, step);
}

function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

/** Warnings and errors on stderr; the rest is silent. */
export const consoleLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, details) => {
    console.warn(line(message, details));
  },
  error: (message, details) => {
    console.error(line(message, details));
  },
};

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function line(message: string, details?: Readonly<Record<string, unknown>>): string {
  return details === undefined ? `dank-workflow: ${message}` : `dank-workflow: ${message} ${JSON.stringify(details)}`;
}
