/** The commands by which people change the course of a run: `retry`, `rerun`, `skip`, `complete`, `edit`, `fork`; `migrate`; and by which it is looked up: `events`, `query`. */
import type { Command } from 'commander';
import type {
  BreakFlags,
  CompleteFlags,
  ControlFlags,
  EditFlags,
  EventsFlags,
  ForkFlags,
  LookFlags,
  MigrateFlags,
  RerunFlags,
  RetryFlags,
} from './flags.ts';
import type { Io } from './io.ts';
import { addDrive, addFile, addReason, addStore, collect, command, lookHelp, type Start } from './program-options.ts';

export function addCourse(program: Command, io: Io, start: Start): void {
  addRetry(program, io, start);
  addRerun(program, io, start);
  addSkip(program, io, start);
  addComplete(program, io, start);
  addEdit(program, io, start);
  addFork(program, io, start);
  addBreak(program, io, start);
  addEvents(program, io, start);
  addQuery(program, io, start);
  addMigrate(program, io, start);
}

const courseHelp = `
It is an event of the run, with who and why. A run that another process drives is told through the store; any other is driven here,
until it waits again or ends. With --json: as of run, or { type: "left", ... } as of signal.`;

function addCourseCommand(program: Command, name: string, description: string): Command {
  return addReason(addDrive(command(program, name, description))).argument('<runId>', 'id of the run');
}

function addYes(to: Command): Command {
  return to.option('-y, --yes', 'without asking; needed where there is no terminal to ask in');
}

function addEdits(to: Command): Command {
  return to
    .option('--state <json>', 'keys of the state to set, as a JSON object; the others stay')
    .option('--output <step=json>', 'another output of a step that completed (repeatable)', collect);
}

function addRetry(program: Command, io: Io, start: Start): void {
  addYes(addCourseCommand(program, 'retry', 'go on with a run that failed or was cancelled, where it stopped'))
    .option('--from <step>', 'go back to this step first (as rerun)')
    .addHelpText(
      'after',
      `\nThe steps at which it stopped begin anew; what completed, also in branches, rounds and child runs, stays.${courseHelp}`,
    )
    .action((id: string, flags: RetryFlags) =>
      start(flags, async () => (await import('./commands/course.ts')).retry(io, id, flags)),
    );
}

function addRerun(program: Command, io: Io, start: Start): void {
  addYes(addCourseCommand(program, 'rerun', 'go back to a step: it and all that comes after it are run again'))
    .argument('<step>', 'id of the step')
    .addHelpText('after', `\nSays first which work would be repeated.${courseHelp}`)
    .action((id: string, step: string, flags: RerunFlags) =>
      start(flags, async () => (await import('./commands/course.ts')).rerun(io, id, step, flags)),
    );
}

function addSkip(program: Command, io: Io, start: Start): void {
  addCourseCommand(program, 'skip', 'pass over a step that is under way, waits or failed')
    .argument('<step>', 'id of the step')
    .addHelpText('after', courseHelp)
    .action((id: string, step: string, flags: ControlFlags) =>
      start(flags, async () => (await import('./commands/course.ts')).skip(io, id, step, flags)),
    );
}

function addComplete(program: Command, io: Io, start: Start): void {
  addCourseCommand(program, 'complete', 'give a step that is under way, waits or failed its output by hand')
    .argument('<step>', 'id of the step')
    .argument('[values...]', 'the output as key=value; none: null')
    .option('-i, --input <json>', "the output as JSON; '@file' reads a file, '-' stdin")
    .addHelpText('after', `\nThe output has to fit the step's schema or form.${courseHelp}`)
    .action((id: string, step: string, values: string[], flags: CompleteFlags) =>
      start(flags, async () => (await import('./commands/course.ts')).complete(io, id, step, values, flags)),
    );
}

function addEdit(program: Command, io: Io, start: Start): void {
  addEdits(addCourseCommand(program, 'edit', 'change the state, or outputs, of a run that is paused or waits'))
    .addHelpText('after', courseHelp)
    .action((id: string, flags: EditFlags) =>
      start(flags, async () => (await import('./commands/course.ts')).edit(io, id, flags)),
    );
}

function addFork(program: Command, io: Io, start: Start): void {
  addYes(addEdits(addCourseCommand(program, 'fork', 'make a new run that goes on from an event of another')))
    .requiredOption('--at <seq|step>', "the event, by its number as 'events' shows it; or a step, where it began last")
    .option('-i, --input <json>', "another input as JSON; '@file' reads a file, '-' stdin")
    .option('--run-id <id>', 'id of the new run')
    .addHelpText(
      'after',
      '\nSays first which work would be repeated. The other run is not touched. With --json: as of run, for the new run.',
    )
    .action((id: string, flags: ForkFlags) =>
      start(flags, async () => (await import('./commands/fork.ts')).fork(io, id, flags)),
    );
}

function addBreak(program: Command, io: Io, start: Start): void {
  addCourseCommand(program, 'break', 'let a run pause itself at a step; without a step: list where it does')
    .argument('[step]', 'id of the step')
    .option('--after', 'after the step (default: before it)')
    .option('--remove', 'not any more')
    .addHelpText('after', `\nresume goes on. With --json, of a list: [{ step, when }].${courseHelp}`)
    .action((id: string, step: string | undefined, flags: BreakFlags) =>
      start(flags, async () => (await import('./commands/break.ts')).breakAt(io, id, step, flags)),
    );
}

function addEvents(program: Command, io: Io, start: Start): void {
  addStore(addFile(command(program, 'events', 'show the stored history of a run')))
    .argument('<run>', "id of a run, or a workflow's name for its latest run")
    .option('--from <seq>', 'from this event on')
    .option('--limit <n>', 'at most so many')
    .addHelpText('after', `${lookHelp}\nWith --json: [{ seq, at, type, ... }], as they are stored.`)
    .action((id: string, flags: EventsFlags) =>
      start(flags, async () => (await import('./commands/events.ts')).events(io, id, flags)),
    );
}

function addQuery(program: Command, io: Io, start: Start): void {
  addStore(addFile(command(program, 'query', 'tell where a run is, what it waits for, and what could happen next')))
    .argument('<run>', "id of a run, or a workflow's name for its latest run")
    .addHelpText(
      'after',
      `${lookHelp}\nWith --json: { runId, workflow, version, status, seq, input, state, vars, waitingFor: [{ for, step, id, since, until }],\nsteps: [{ id, status, visit, attempt, error }], next: [{ type, id, step }] }`,
    )
    .action((id: string, flags: LookFlags) =>
      start(flags, async () => (await import('./commands/query.ts')).query(io, id, flags)),
    );
}

function addMigrate(program: Command, io: Io, start: Start): void {
  addReason(addDrive(command(program, 'migrate', 'move live runs to another version of their workflow')))
    .argument('<workflow>', 'name, id or title of the workflow')
    .option('--to <version>', 'the version to move to (default: the one that is registered last)')
    .option('--from <version>', 'only runs of this version (default: all others)')
    .option('--rename <old=new>', 'the new id of a step (repeatable)', collect)
    .option('--dry-run', 'only tell which runs can move, and why others cannot')
    .addHelpText(
      'after',
      '\nRuns that cannot move stay on their version; exits with 1 when there are any. A transform of the state is given in code:\nengine.migrate({ workflow, to, steps, transform }).\nWith --json: { workflow, version, dryRun, moved, stayed, runs: [{ runId, version, problems }] }',
    )
    .action((workflow: string, flags: MigrateFlags) =>
      start(flags, async () => (await import('./commands/migrate.ts')).migrate(io, workflow, flags)),
    );
}
