/**
 * Says something to a run: signals, answers, control. When another living process drives the run, it is left for that one, and
 * we wait until it was taken; else this process drives the run.
 */
import { WorkflowError } from '../core/errors.ts';
import type { HistoryEvent } from '../core/event.ts';
import type { Store } from '../core/ports.ts';
import { endedStatuses, type RunRow } from '../core/run.ts';
import { decodeEvent } from '../engine/codec.ts';
import type { Engine } from '../engine/engine.ts';
import type { Project } from '../project/project.ts';
import { drive, readTimeout } from './drive.ts';
import { exitCodes } from './exit-code.ts';
import { unknownRun } from './find-run.ts';
import type { DriveFlags } from './flags.ts';
import { hint } from './hint.ts';
import type { Io } from './io.ts';
import { openEngine, openProject, openStore } from './open-project.ts';
import { inWholeLines, showMode } from './view/show-events.ts';

export interface Opened {
  readonly engine: Engine;
  readonly store: Store;
  readonly project: Project;
  readonly flags: DriveFlags;
  /** As it was when the command began. */
  readonly row: RunRow;
}

export interface Message {
  /** What it is called: `the signal 'paid'`. */
  readonly what: string;
  tell(engine: Engine): Promise<void>;
  /** Of an event that the run took meanwhile: whether it is this message, or one that leaves no place for it. */
  verdict(event: HistoryEvent): 'taken' | 'refused' | null;
}

export interface Steering extends Message {
  readonly run: string;
  /** That the run ends as cancelled is what was asked for. @default false */
  readonly isCancelWanted?: boolean;
}

/** Opens project, store and engine, and finds the run; closes all of it. */
export async function withRun(
  io: Io,
  id: string,
  flags: DriveFlags,
  work: (opened: Opened) => Promise<number>,
): Promise<number> {
  if (flags.timeout !== undefined) readTimeout(flags.timeout);
  const project = await openProject(io, flags);
  const store = openStore(io, project, flags, true);
  const engine = await openEngine(project, store, flags, 'off');
  try {
    const row = store.readRun(id);
    if (row === null) throw unknownRun(store, id);
    return await inWholeLines(io, showMode(io, flags), () => work({ engine, store, project, flags, row }));
  } finally {
    await engine.close();
  }
}

/** Says it, and drives the run until it waits again or has ended, if nobody else does. */
export function steer(io: Io, flags: DriveFlags, steering: Steering): Promise<number> {
  return withRun(io, steering.run, flags, async (opened) => {
    const { engine, store, project, row } = opened;
    const top = topOf(store, row);
    // A round or child is brought back by the run around it.
    if (top.id !== row.id && !store.isOwnedElsewhere(top.id)) engine.continueRun(top.id);
    const left = await say(io, opened, steering);
    if (left !== null) return left;
    engine.continueRun(top.id);
    const { isCancelWanted = false } = steering;
    return drive(io, { engine, store, run: engine.run(top.id), project, flags, leavesWaiting: true, isCancelWanted });
  });
}

/** The outermost run around it that has not ended, or itself. */
function topOf(store: Store, row: RunRow): RunRow {
  const parent = row.parent === null ? null : store.readRun(row.parent);
  return parent === null || endedStatuses.has(parent.status) ? row : topOf(store, parent);
}

/**
 * Null: this process drives the run now, and what was said is committed. Else the exit code.
 * @throws WorkflowError CONFLICT when the run does not take it; as the engine's method
 */
export async function say(io: Io, opened: Opened, message: Message): Promise<number | null> {
  const { engine, store, row } = opened;
  const before = store.lastSeq(row.id);
  const wasElsewhere = store.isOwnedElsewhere(row.id);
  await message.tell(engine);
  if (!wasElsewhere || !store.isOwnedElsewhere(row.id)) {
    // It may have ended in this very moment, and then nobody will take what was left.
    if (wasElsewhere && isOver(store, row.id))
      return tellLeft(io, opened, message, outcome(store, row.id, before, message));
    return null;
  }
  return tellLeft(io, opened, message, await untilTaken(io, store, row.id, before, message));
}

/** How often it is asked, and for how long. */
const pollMs = 50;
const patienceMs = 5_000;

type Fate = 'taken' | 'refused' | 'open';

async function untilTaken(io: Io, store: Store, run: string, before: number, message: Message): Promise<Fate> {
  const until = io.clock.now() + patienceMs;
  for (;;) {
    const fate = outcome(store, run, before, message);
    if (fate !== 'open' || io.clock.now() >= until) return fate;
    await new Promise<void>((resolve) => void io.clock.schedule(resolve, pollMs));
  }
}

function outcome(store: Store, run: string, before: number, message: Message): Fate {
  // Its end is asked for first: what is in the history then stays all there is.
  const hasEnded = isOver(store, run);
  for (const stored of store.readEvents(run, before + 1)) {
    const verdict = message.verdict(decodeEvent(stored).event);
    if (verdict !== null) return verdict;
  }
  return hasEnded ? 'refused' : 'open';
}

function isOver(store: Store, run: string): boolean {
  return store.readRun(run)?.endedAt !== null;
}

function tellLeft(io: Io, { store, project, flags, row }: Opened, { what }: Message, fate: Fate): number {
  const status = store.readRun(row.id)?.status ?? row.status;
  if (fate === 'refused') {
    const why = endedStatuses.has(status) ? `the run is ${status} already` : 'somebody else was first';
    throw new WorkflowError('CONFLICT', `run '${row.id}' did not take ${what}: ${why}`);
  }
  const isTaken = fate === 'taken';
  const { ok: exitCode } = exitCodes;
  if (flags.json === true) {
    const { id: runId, workflow } = row;
    io.out(`${JSON.stringify({ type: 'left', runId, workflow, status, isTaken, exitCode })}\n`);
  }
  if (flags.quiet === true && isTaken) return exitCode;
  const look = hint(io, `logs ${row.id} --follow`, flags, project);
  io.err(
    isTaken
      ? `the process that drives the run has taken ${what}; look at it with: ${look}\n`
      : `${io.errStyle.yellow(`${what} is kept for the process that drives the run`)}, which has not taken it yet; look at it with: ${look}\n`,
  );
  return exitCode;
}
