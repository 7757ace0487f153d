/** `run <name>`: starts a run and shows it to its end. With a run id that is there already it goes on with that run. */
import type { RunRow } from '../../core/run.ts';
import { findWorkflow } from '../../engine/runs/catalog.ts';
import { drive, readTimeout } from '../drive.ts';
import type { RunFlags } from '../flags.ts';
import { readInput } from '../input.ts';
import type { Io } from '../io.ts';
import { checkAgentNames, openEngine, openProject, openStore } from '../open-project.ts';
import { inWholeLines, showMode } from '../view/show-events.ts';

export async function run(io: Io, name: string, values: readonly string[], flags: RunFlags): Promise<number> {
  if (flags.timeout !== undefined) readTimeout(flags.timeout);
  if (flags.input === '-' && io.stdinIsTTY) io.err('reading the input from the terminal; end it with Ctrl-D\n');
  const input = await readInput(io, flags.input, values);
  const project = await openProject(io, flags);
  const definition = findWorkflow(project.workflows, name);
  checkAgentNames(project, flags);
  const store = openStore(io, project, flags, false);
  const engine = await openEngine(io, project, store, flags, flags.verify === false ? 'off' : 'rules');
  try {
    return await inWholeLines(io, showMode(io, flags), async () => {
      const before = flags.runId === undefined ? null : store.readRun(flags.runId);
      const started = await engine.start(definition, input, {
        ...(flags.runId === undefined ? {} : { runId: flags.runId }),
        ...(flags.tag === undefined ? {} : { tags: flags.tag }),
        ...(flags.break === undefined ? {} : { breakpoints: flags.break.map((step) => ({ step })) }),
      });
      if (before !== null && flags.quiet !== true) io.err(`${howItStands(before)}\n`);
      engine.continueRun(started.id);
      return drive(io, { engine, store, run: started, project, flags });
    });
  } finally {
    await engine.close();
  }
}

/** The same id and input again is the same run. */
export function howItStands({ id, status, endedAt }: RunRow): string {
  if (endedAt !== null) return `run '${id}' is ${status} already; this is how it went`;
  return `run '${id}' was begun before; this goes on with it, and repeats nothing that was completed`;
}
