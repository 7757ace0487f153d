/**
 * Shows a run that this process drives until it ends, is interrupted, or takes longer than it may, and tells the outcome.
 * An interrupted run stays as its last commit left it.
 */
import { CancelledError, WorkflowError } from '../core/errors.ts';
import type { Store } from '../core/ports.ts';
import { parseDuration } from '../definition/index.ts';
import type { Engine } from '../engine/engine.ts';
import { RunFailedError, type Run } from '../engine/run.ts';
import type { RunEvent } from '../engine/run-events.ts';
import { RunView } from '../engine/run-view.ts';
import type { Project } from '../project/project.ts';
import { exitCodeOfRun, exitCodes } from './exit-code.ts';
import type { DriveFlags } from './flags.ts';
import type { Io } from './io.ts';
import { roundsOf } from './rounds.ts';
import { tellResult, tellStopped, type Stop } from './tell-result.ts';
import { createOutline } from './view/outline.ts';
import { showEvents, showMode } from './view/show-events.ts';

export interface Driven {
  readonly engine: Engine;
  readonly store: Store;
  readonly run: Run;
  readonly project: Project;
  readonly flags: DriveFlags;
}

/** Gives the exit code; closes the engine. */
export async function drive(io: Io, driven: Driven): Promise<number> {
  const { engine, store, run, project, flags } = driven;
  const limitMs = flags.timeout === undefined ? null : readTimeout(flags.timeout);
  const stop = stopper(io, limitMs);
  try {
    // The run as it is stored: with the definition it was started with, whatever the project's is now.
    const view = new RunView(store, run.id);
    const events = until(run.events(), Promise.race([stop.stopped, engineFailure(run)]));
    await showEvents(io, untilPerson(events, view, stop.stop), {
      mode: showMode(io, flags),
      outline: createOutline(view.definition, (id) => project.agents.find(id)?.name ?? id),
      title: { name: view.definition.name, detail: `run ${run.id}` },
      rounds: roundsOf(store, run.id),
    });
    const report = view.report();
    if (report.endedAt !== null) return tellResult({ io, report, flags, project }, exitCodeOfRun(report));
    await engine.close();
    return tellStopped({ io, report, flags, project }, stop.reason ?? 'SIGTERM');
  } finally {
    stop.release();
    await engine.close();
  }
}

/** @throws WorkflowError REQUEST_INVALID */
export function readTimeout(text: string): number {
  const parsed = parseDuration(/^\d+$/.test(text) ? Number(text) : text);
  if ('ms' in parsed) return parsed.ms;
  throw new WorkflowError('REQUEST_INVALID', `--timeout ${text}: it ${parsed.problem}`);
}

interface Stopper {
  readonly stopped: Promise<void>;
  readonly reason: Stop | null;
  readonly stop: (why: Stop) => void;
  release(): void;
}

/** The first signal stops in an orderly way, the second one at once. */
function stopper(io: Io, limitMs: number | null): Stopper {
  const { promise, resolve } = Promise.withResolvers<void>();
  let reason: Stop | null = null;
  const stop = (why: Stop): void => {
    reason ??= why;
    resolve();
  };
  const offSignals = io.onStop((signal) => {
    if (reason !== null) io.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
    stop(signal);
  });
  const offTimer = limitMs === null ? (): void => undefined : io.clock.schedule(() => stop('timeout'), limitMs);
  return {
    stopped: promise,
    stop,
    get reason() {
      return reason;
    },
    release: () => {
      offSignals();
      offTimer();
    },
  };
}

/** Rejects when the engine cannot go on; that a run fails or is cancelled is none of its failures. */
function engineFailure(run: Run): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  run.result().catch((error: unknown) => {
    if (!(error instanceof RunFailedError || error instanceof CancelledError)) reject(error);
  });
  return promise;
}

/** The events until the run waits for nothing but a person: nobody here can answer. */
async function* untilPerson(
  events: AsyncIterable<RunEvent>,
  view: RunView,
  stop: (why: Stop) => void,
): AsyncGenerator<RunEvent> {
  for await (const event of events) {
    yield event;
    if (!view.isWaitingForPerson()) continue;
    stop('person');
    return;
  }
}

/** The events until `stopped` resolves; its rejection is thrown. */
async function* until(events: AsyncIterator<RunEvent>, stopped: Promise<void>): AsyncGenerator<RunEvent> {
  const end = stopped.then(() => ({ done: true, value: undefined }) as const);
  end.catch(() => undefined);
  try {
    for (;;) {
      const next = await Promise.race([events.next(), end]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await events.return?.();
  }
}
