/**
 * The commands and their options. Loads nothing but the parser: what a command does is imported when it is called, so that
 * help and version are there at once.
 */
import { Command } from 'commander';
import { addArchive } from './archive-program.ts';
import { addControl } from './control-program.ts';
import { addCourse } from './course-program.ts';
import { addPictures } from './picture-program.ts';
import type {
  ControlFlags,
  InitFlags,
  LogsFlags,
  LookFlags,
  OutputFlags,
  ProjectFlags,
  RunFlags,
  StatusFlags,
} from './flags.ts';
import { groupCommands, helpLayout } from './help.ts';
import type { Io } from './io.ts';
import { addProofs } from './proof-program.ts';
import {
  addAgents,
  addDrive,
  addFile,
  addReason,
  addStore,
  collect,
  command,
  lookHelp,
  type Start,
} from './program-options.ts';

export function createProgram(io: Io, version: string, start: Start): Command {
  const program = new Command(io.name)
    .description('Runs workflows of AI agents, durably.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .option('--no-color', 'no colours (also: NO_COLOR=1)')
    .configureHelp(helpLayout)
    .addHelpText('after', `\n'${io.name} <command> --help' tells more of a command.\n${exitCodeHelp}`);
  addInit(program, io, start);
  addRun(program, io, start);
  addList(program, io, start);
  addValidate(program, io, start);
  addStatus(program, io, start);
  addLogs(program, io, start);
  addResume(program, io, start);
  addControl(program, io, start);
  addCourse(program, io, start);
  addPictures(program, io, start);
  addProofs(program, io, start);
  addArchive(program, io, start);
  groupCommands(program);
  return program;
}

const exitCodeHelp = `
Exit codes:
  0 ok   1 workflow failed   2 wrong usage, definition or input   3 not found   4 agent or store unreachable
  5 waiting for a person   6 cancelled   7 not all paths looked at   124 timeout   130 interrupted`;

function addInit(program: Command, io: Io, start: Start): void {
  command(program, 'init', 'make a small project that runs at once')
    .argument('[dir]', 'its folder', '.')
    .option('--yaml', 'write the workflow as YAML')
    .addHelpText(
      'after',
      '\nFiles that exist are left as they are.\nWith --json: { dir, created: [name], kept: [name], next: [command] }',
    )
    .action((dir: string, flags: InitFlags) =>
      start(flags, async () => (await import('./commands/init.ts')).init(io, dir, flags)),
    );
}

function addRun(program: Command, io: Io, start: Start): void {
  addDrive(command(program, 'run', 'run a workflow and show how it goes'))
    .argument('<name>', 'name, id or title of the workflow')
    .argument('[values...]', 'input as key=value: JSON where it is JSON, else text; a.b=1 sets b of a')
    .option('-i, --input <json>', "input as JSON; '@file' reads a file, '-' stdin")
    .option('--run-id <id>', 'id of the run; the same id and input again is the same run')
    .option('--tag <tag>', 'a tag of the run (repeatable)', collect)
    .option('--break <step>', 'pause before this step (repeatable); resume goes on', collect)
    .option('--no-verify', "run it although a rule of the project's workflows does not hold")
    .addHelpText('after', runHelp(io.name))
    .action((name: string, values: string[], flags: RunFlags) =>
      start(flags, async () => (await import('./commands/run.ts')).run(io, name, values, flags)),
    );
}

const runHelp = (name: string): string => `
Examples:
  ${name} run research topic=tides style=brief
  ${name} run research --input @input.json --run-id order-17
  echo '{ "topic": "tides" }' | ${name} run research --input - --json

The output goes to stdout, everything else to stderr. Ctrl-C leaves the run as it is: 'resume' goes on with it.
With --json: one line per event, { type, runId, seq, at, step?, visit?, attempt?, ... }; pieces of streamed answers are
{ type: "step.chunk", ... }. The last line is { type: "result", runId, workflow, status, output? | error?, durationMs, exitCode,
stoppedBy?: "SIGINT" | "SIGTERM" | "timeout" | "person", tasks? } (with --quiet the only one), or { type: "error", error: { name, code, message, issues? }, exitCode }.`;

function addResume(program: Command, io: Io, start: Start): void {
  addReason(addDrive(command(program, 'resume', 'go on with a run that was interrupted or paused')))
    .argument('<runId>', 'id of the run')
    .addHelpText('after', '\nSteps that were completed are not run again. With --json: as of run.')
    .action((id: string, flags: ControlFlags) =>
      start(flags, async () => (await import('./commands/resume.ts')).resume(io, id, flags)),
    );
}

function addList(program: Command, io: Io, start: Start): void {
  addAgents(addFile(command(program, 'list', "list the project's workflows")))
    .addHelpText('after', '\nWith --json: [{ name, id, title, version, description, steps, tags, file, hash }]')
    .action((flags: OutputFlags & ProjectFlags) =>
      start(flags, async () => (await import('./commands/list.ts')).list(io, flags)),
    );
}

function addLook(program: Command, name: string, description: string): Command {
  return addStore(addFile(command(program, name, description))).argument(
    '<run>',
    "id of a run, or a workflow's name for its latest run",
  );
}

function addStatus(program: Command, io: Io, start: Start): void {
  addLook(program, 'status', 'show how a run stands')
    .option('-w, --watch', 'go on showing it until it has ended')
    .option('--exit-status', "exit with the run's own code (1 failed, 5 waiting for a person, 6 cancelled, ...)")
    .addHelpText(
      'after',
      `${lookHelp}\nWith --json: { run: { id, workflow, status, createdAt, ..., output? | error? }, input, isDriven, steps: [{ id, type, parent,\nstatus, visit, attempt, branch, error, startedAt, endedAt }] }; with --watch one line per change.`,
    )
    .action((id: string, flags: StatusFlags) =>
      start(flags, async () => (await import('./commands/status.ts')).status(io, id, flags)),
    );
}

function addLogs(program: Command, io: Io, start: Start): void {
  addLook(program, 'logs', 'tell what happened in a run')
    .option('--follow', 'go on telling until it has ended')
    .addHelpText(
      'after',
      `${lookHelp}\nWith --json: { run, input, events: [{ type, runId, seq, at, ... }] }; with --follow one line per event.`,
    )
    .action((id: string, flags: LogsFlags) =>
      start(flags, async () => (await import('./commands/logs.ts')).logs(io, id, flags)),
    );
}

function addValidate(program: Command, io: Io, start: Start): void {
  addAgents(command(program, 'validate', 'check the workflows, and tell all mistakes at once'))
    .argument('[file]', 'workflow file, or the folder that holds one', '.')
    .addHelpText(
      'after',
      '\nWith --json: { valid, file, workflows: [{ name, version, steps, file }], issues: [{ severity, file, code, path, message, expected?,\nreceived?, hint?, position? }] }',
    )
    .action((file: string, flags: LookFlags & ProjectFlags) =>
      start(flags, async () => (await import('./commands/validate.ts')).validate(io, file, flags)),
    );
}
