/**
 * Shows a run that this process drives until it ends, is interrupted, or takes longer than it may, and tells the outcome.
 * An interrupted run stays as its last commit left it.
 */
import { CancelledError, WorkflowError } from '../core/errors.ts';
import type { Store } from '../core/ports.ts';
import { parseDuration } from '../definition/index.ts';
import type { Engine } from '../engine/engine.ts';
import { RunFailedError, type Run } from '../engine/read/run.ts';
import { isPassing, type RunEvent } from '../engine/read/run-events.ts';
import { RunView } from '../engine/read/run-view.ts';
import { waitOfRun } from '../engine/read/stored-run.ts';
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
  /** Whether it is left as soon as it waits for the world (a signal, the end of a pause). @default false: only for a person */
  readonly leavesWaiting?: boolean;
  /** That the run ends as cancelled is what was asked for. @default false */
  readonly isCancelWanted?: boolean;
}

/** Gives the exit code; closes the engine. */
export async function drive(io: Io, driven: Driven): Promise<number> {
  const { engine, store, run, project, flags } = driven;
  const limitMs = flags.timeout === undefined ? null : readTimeout(flags.timeout);
  const stop = stopper(io, limitMs);
  const watch = watchBelow(io, driven, stop.stop);
  try {
    // The run as it is stored: with the definition it was started with, whatever the project's is now.
    const view = new RunView(store, run.id);
    const events = until(run.events(), Promise.race([stop.stopped, watch.failed, engineFailure(run)]));
    const waits = (): Stop | null => waitOf(view, store, driven.leavesWaiting === true);
    await showEvents(io, untilWaiting(events, view, waits, stop.stop), {
      mode: showMode(io, flags),
      outline: createOutline(view.definition, (id) => project.agents.find(id)?.name ?? id),
      title: { name: view.definition.name, detail: `run ${run.id}` },
      rounds: roundsOf(store, run.id),
    });
    if (stop.reason === 'SIGINT' || stop.reason === 'SIGTERM') await drainFor(io, engine);
    const report = view.report();
    if (report.endedAt !== null) {
      const isWanted = driven.isCancelWanted === true && report.status === 'cancelled';
      return tellResult({ io, report, flags, project }, isWanted ? exitCodes.ok : exitCodeOfRun(report));
    }
    const tasks = stop.reason === 'person' ? view.tasks() : [];
    watch.end();
    await engine.close({ graceMs: 0 });
    return tellStopped({ io, report, flags, project }, stop.reason ?? 'SIGTERM', tasks);
  } finally {
    watch.end();
    stop.release();
    await engine.close({ graceMs: 0 });
  }
}

/** What is under way may end, so that nothing need be done twice. Says so when that takes a while. */
async function drainFor(io: Io, engine: Engine): Promise<void> {
  const quiet = io.clock.schedule(() => {
    io.err(`${io.errStyle.dim('what is under way may take some seconds to end; press Ctrl-C to stop at once')}\n`);
  }, tellAfterMs);
  await engine.drain();
  quiet();
}

const tellAfterMs = 300;

/** @throws WorkflowError REQUEST_INVALID */
export function readTimeout(text: string, option = '--timeout'): number {
  const parsed = parseDuration(/^\d+$/.test(text) ? Number(text) : text);
  if ('ms' in parsed) return parsed.ms;
  throw new WorkflowError('REQUEST_INVALID', `${option} ${text}: it ${parsed.problem}`);
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

/** What it waits for that nothing here can bring; null: it goes on by itself. */
function waitOf(view: RunView, store: Store, leavesWaiting: boolean): Stop | null {
  if (view.report().status === 'paused' && (leavesWaiting || view.isAtBreakpoint())) return 'pause';
  if (view.isWaitingForPerson()) return 'person';
  return leavesWaiting && waitOfRun(store, view.id) === 'signal' ? 'signal' : null;
}

const lookMs = 200;

interface Watch {
  /** Rejects when the store cannot be read. */
  readonly failed: Promise<never>;
  end(): void;
}

/**
 * Rounds and children that wait are told of by none of the run's own events, so that these are looked for; twice, as one may be
 * about to go on. That it looks also keeps the process alive while the run waits for nothing that this process does.
 */
function watchBelow(io: Io, { store, run, leavesWaiting }: Driven, stop: (why: Stop) => void): Watch {
  let seen: Stop | null = null;
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const look = (): void => {
    try {
      lookOnce();
      cancel = io.clock.schedule(look, lookMs);
    } catch (error) {
      reject(error);
    }
  };
  const lookOnce = (): void => {
    const waitingFor = store.readRun(run.id)?.waitingFor;
    const wait = waitingFor === 'child' || waitingFor === 'effect' ? waitOfRun(store, run.id) : null;
    const why = wait === 'signal' && leavesWaiting !== true ? null : wait;
    if (why !== null && why === seen) stop(why);
    seen = why;
  };
  let cancel = io.clock.schedule(look, lookMs);
  return { failed, end: () => cancel() };
}

/** The events until it waits; what had happened before is told to its end. */
async function* untilWaiting(
  events: AsyncIterable<RunEvent>,
  view: RunView,
  waits: () => Stop | null,
  stop: (why: Stop) => void,
): AsyncGenerator<RunEvent> {
  let told = 0;
  let known = 0;
  for await (const event of events) {
    yield event;
    if (!isPassing(event)) told += 1;
    const why = told < known ? null : waits();
    if (why === null) continue;
    known += view.update().length;
    if (told < known) continue;
    stop(why);
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
