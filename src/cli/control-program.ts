/** The commands by which people look over runs and steer them: `runs`, `tasks`, `answer`, `signal`, `pause`, `cancel`, `terminate`. */
import type { Command } from 'commander';
import type { AnswerFlags, ControlFlags, LookFlags, RunsFlags, SignalFlags } from './flags.ts';
import type { Io } from './io.ts';
import {
  addBy,
  addDrive,
  addFile,
  addFilter,
  addReason,
  addStore,
  command,
  lookHelp,
  type Start,
} from './program-options.ts';

export function addControl(program: Command, io: Io, start: Start): void {
  addRuns(program, io, start);
  addTasks(program, io, start);
  addAnswer(program, io, start);
  addSignal(program, io, start);
  addPause(program, io, start);
  addCancel(program, io, start);
  addTerminate(program, io, start);
}

function addRuns(program: Command, io: Io, start: Start): void {
  addFilter(addStore(addFile(command(program, 'runs', 'list runs, newest first'))))
    .option('--sort <by>', 'created (default) or updated')
    .option('--order <order>', 'desc (default) or asc')
    .option('--limit <n>', 'at most so many (default: 50)')
    .option('--after <place>', 'go on after this run: its id; sorted by update <runId>@<updatedAt>')
    .addHelpText(
      'after',
      `${lookHelp}\nWith --json: [{ id, kind, workflow, version, hash, status, waitingFor, parent, tags, createdAt, updatedAt, endedAt, error,\nisDriven }]`,
    )
    .action((flags: RunsFlags) => start(flags, async () => (await import('./commands/runs.ts')).runs(io, flags)));
}

function addTasks(program: Command, io: Io, start: Start): void {
  addStore(addFile(command(program, 'tasks', 'list what waits for a person')))
    .argument('[run]', "id of a run, or a workflow's name for all its runs")
    .addHelpText(
      'after',
      `${lookHelp}\nWith --json: [{ id, runId, workflow, step, visit, title, message, assignees, form, dueAt }]`,
    )
    .action((wanted: string | undefined, flags: LookFlags) =>
      start(flags, async () => (await import('./commands/tasks.ts')).tasks(io, wanted, flags)),
    );
}

const steerHelp = `
A run that another process drives is told through the store; one that nobody drives is driven here, until it waits again or ends.
With --json: as of run, or { type: "left", runId, workflow, status, isTaken, exitCode } when another process drives the run.`;

function addInput(to: Command, what: string): Command {
  return to.option('-i, --input <json>', `${what} as JSON; '@file' reads a file, '-' stdin`);
}

function addAnswer(program: Command, io: Io, start: Start): void {
  addBy(addInput(addDrive(command(program, 'answer', 'answer what waits for a person')), 'the answer'))
    .argument('<taskId>', 'id of the task, as tasks shows it')
    .argument('[values...]', 'the answer as key=value')
    .option('--approve', 'short for decision=approve')
    .option('--reject', 'short for decision=reject')
    .option('--comment <text>', 'short for comment=text, never read as JSON')
    .addHelpText('after', steerHelp)
    .action((task: string, values: string[], flags: AnswerFlags) =>
      start(flags, async () => (await import('./commands/answer.ts')).answer(io, task, values, flags)),
    );
}

function addSignal(program: Command, io: Io, start: Start): void {
  addBy(addInput(addDrive(command(program, 'signal', 'send a signal to a run')), 'the payload'))
    .argument('<runId>', 'id of the run')
    .argument('<name>', 'name of the signal')
    .argument('[values...]', 'the payload as key=value; none: null')
    .addHelpText('after', steerHelp)
    .action((id: string, name: string, values: string[], flags: SignalFlags) =>
      start(flags, async () => (await import('./commands/signal.ts')).signal(io, id, name, values, flags)),
    );
}

function addPause(program: Command, io: Io, start: Start): void {
  addReason(addDrive(command(program, 'pause', 'pause a run until it is resumed')))
    .argument('<runId>', 'id of the run')
    .addHelpText(
      'after',
      '\nWhat arrives meanwhile is kept. With --json: { type: "result", ... } or { type: "left", ... }, as of signal.',
    )
    .action((id: string, flags: ControlFlags) =>
      start(flags, async () => (await import('./commands/pause.ts')).pause(io, id, flags)),
    );
}

function addCancel(program: Command, io: Io, start: Start): void {
  addReason(addDrive(command(program, 'cancel', 'end a run as cancelled; its onFailure steps are run')))
    .argument('<runId>', 'id of the run')
    .addHelpText('after', steerHelp)
    .action((id: string, flags: ControlFlags) =>
      start(flags, async () => (await import('./commands/cancel.ts')).cancel(io, id, flags)),
    );
}

function addTerminate(program: Command, io: Io, start: Start): void {
  addReason(addDrive(command(program, 'terminate', 'end a run as cancelled at once, without its onFailure steps')))
    .argument('<runId>', 'id of the run')
    .addHelpText('after', steerHelp)
    .action((id: string, flags: ControlFlags) =>
      start(flags, async () => (await import('./commands/terminate.ts')).terminate(io, id, flags)),
    );
}
