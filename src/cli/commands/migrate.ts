/** `migrate <workflow>`: moves live runs to another version of their workflow, or tells which of them can. */
import { WorkflowError } from '../../core/errors.ts';
import type { MigrationReport } from '../../engine/steer/migrations.ts';
import { exitCodes } from '../exit-code.ts';
import type { MigrateFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { openEngine, openProject, openStore } from '../open-project.ts';
import { reasonOf } from '../reason.ts';
import { count } from '../view/format.ts';
import { oneLine } from '../view/text.ts';

export async function migrate(io: Io, workflow: string, flags: MigrateFlags): Promise<number> {
  const steps = Object.fromEntries((flags.rename ?? []).map(readRename));
  const project = await openProject(io, flags);
  const store = openStore(io, project, flags, true);
  const engine = await openEngine(io, project, store, flags, 'rules');
  try {
    const report = await engine.migrate({
      workflow,
      steps,
      ...(flags.from === undefined ? {} : { from: flags.from }),
      ...(flags.to === undefined ? {} : { to: flags.to }),
      dryRun: flags.dryRun === true,
      ...reasonOf(io, flags),
    });
    if (flags.json === true) io.out(`${JSON.stringify(report, null, 2)}\n`);
    else tellPeople(io, report);
    return report.stayed > 0 ? exitCodes.failed : exitCodes.ok;
  } finally {
    await engine.close();
  }
}

/** @throws WorkflowError REQUEST_INVALID */
function readRename(text: string): readonly [old: string, renamed: string] {
  const [before = '', after = '', ...more] = text.split('=');
  if (before === '' || after === '' || more.length > 0)
    throw new WorkflowError('REQUEST_INVALID', `--rename ${text}: expected old=new, ids of steps`);
  return [before, after];
}

function tellPeople(io: Io, { workflow, version, dryRun, moved, stayed, runs }: MigrationReport): void {
  const { outStyle: style } = io;
  for (const { runId, version: from, problems } of runs) {
    const can = problems.length === 0;
    const verdict = can ? style.green(dryRun ? 'can move' : 'moved') : style.yellow(dryRun ? 'cannot move' : 'stays');
    io.out(`${runId}  ${style.dim(`version ${from}`)}  ${verdict}\n`);
    for (const problem of problems) io.out(`  ${oneLine(problem)}\n`);
  }
  const words = dryRun ? ['can move', 'cannot'] : ['moved', 'stay as they are'];
  io.err(`${workflow}, to version ${version}: ${count(moved, 'run')} ${words[0] ?? ''}, ${stayed} ${words[1] ?? ''}\n`);
}
