/** The events of a run that another process drives, as they are committed. Reads the store only. */
import { endedStatuses } from '../core/run.ts';
import type { Store } from '../core/ports.ts';
import type { RunEvent } from '../engine/read/run-events.ts';
import type { RunView } from '../engine/read/run-view.ts';
import type { Io } from './io.ts';

/** How soon a change is seen; asking costs microseconds. */
const pollMs = 100;
/** After so long without news it is told that nobody drives the run. */
const patienceMs = 2_000;

export interface Following {
  readonly store: Store;
  readonly view: RunView;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** One after another; see {@link followBatches}. */
export async function* follow(io: Io, following: Following): AsyncGenerator<RunEvent> {
  for await (const batch of followBatches(io, following)) yield* batch;
}

/** What was committed since the last look. Ends with the run, or with the signal. */
export async function* followBatches(io: Io, { store, view, signal }: Following): AsyncGenerator<readonly RunEvent[]> {
  let quietSince = io.clock.now();
  let isTold = false;
  let changes = -1;
  while (!signal.aborted) {
    const hasEnded = endedStatuses.has(view.report().status);
    const now = store.changeCount();
    if (now !== changes || hasEnded) {
      changes = now;
      const batch = view.update();
      if (batch.length > 0) {
        quietSince = io.clock.now();
        yield batch;
      }
    }
    if (hasEnded) return;
    if (!isTold && io.clock.now() - quietSince >= patienceMs && !view.isDriven()) {
      isTold = true;
      io.err(`${io.errStyle.yellow('nobody drives this run now')}; go on with it: ${io.name} resume ${view.id}\n`);
    }
    await pause(io, signal, pollMs);
  }
}

/** Ends early with the signal. */
export function pause(io: Io, signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = io.clock.schedule(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    const stop = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** Works with a signal that Ctrl-C aborts. */
export async function untilStopped<T>(io: Io, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const release = io.onStop(() => controller.abort());
  try {
    return await work(controller.signal);
  } finally {
    release();
  }
}
