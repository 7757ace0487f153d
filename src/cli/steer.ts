/**
 * Says something to a run: signals, answers, control. When another living process drives the run, that one takes it; else this
 * process drives the run.
 */
import type { Store } from '../core/ports.ts';
import { endedStatuses, type RunRow } from '../core/run.ts';
import type { Engine } from '../engine/engine.ts';
import type { Delivered } from '../engine/steer/messages.ts';
import type { Project } from '../project/project.ts';
import { drive, readTimeout } from './drive.ts';
import { exitCodes } from './exit-code.ts';
import { unknownRunId } from './find-run.ts';
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
  tell(engine: Engine): Promise<Delivered>;
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
  const engine = await openEngine(io, project, store, flags, 'off');
  try {
    const row = store.readRun(id);
    if (row === null) throw unknownRunId(store, id);
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
  const delivered = await message.tell(engine);
  // Who drove it may have gone meanwhile.
  const isFree = store.readRun(row.id)?.endedAt === null && !store.isOwnedElsewhere(row.id);
  return delivered === 'here' || isFree ? null : tellLeft(io, opened, message, delivered === 'elsewhere');
}

function tellLeft(io: Io, { store, project, flags, row }: Opened, { what }: Message, isTaken: boolean): number {
  const status = store.readRun(row.id)?.status ?? row.status;
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
