/** What the commands' descriptions share: options that several of them take. */
import type { Command } from 'commander';
import type { OutputFlags } from './flags.ts';

/** Runs a command; its exit code is passed on. */
export type Start = (flags: OutputFlags, command: () => Promise<number>) => Promise<void>;

export function command(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .helpOption('-h, --help', 'print this help')
    .option('--json', 'only JSON on stdout; messages go to stderr')
    .option('--no-color', 'no colours (also: NO_COLOR=1)');
}

export function addFile(to: Command): Command {
  return to.option('-f, --file <path>', 'workflow file, or the folder that holds one (default: here)');
}

export function addStore(to: Command): Command {
  return to.option('--store <file>', "file of the store (default: the project's, else .dank/workflows.db)");
}

export function addAgents(to: Command): Command {
  return to.option('--agent <name=url>', 'address of an agent (repeatable)', collect);
}

export function addDrive(to: Command): Command {
  return addStore(addAgents(addFile(to)))
    .option('--allow-host <host>', 'a local or private host that http steps may call (repeatable)', collect)
    .option('--timeout <duration>', 'stop here after so long (30s, 5m); the run can be resumed')
    .option('-q, --quiet', 'no progress, only the output');
}

/** Times: a date (2026-01-31), or how long ago (2h, 7d). */
export function addFilter(to: Command): Command {
  return to
    .option('--workflow <name>', 'only of this workflow')
    .option('--workflow-version <version>', 'only of this version')
    .option('--status <status>', 'pending, running, paused, completed, failed or cancelled (repeatable)', collect)
    .option('--waiting-for <what>', 'timer, human, signal, child or effect (repeatable)', collect)
    .option('--tag <tag>', 'only with this tag')
    .option('--parent <runId>', 'only children of this run')
    .option('--input <path=value>', 'only where the input says so: customer=42, order.region=eu (repeatable)', collect)
    .option('--since <time>', 'only started since: a date (2026-01-31), or how long ago (2h, 7d)')
    .option('--until <time>', 'only started before')
    .option('--updated-since <time>', 'only changed since')
    .option('--updated-until <time>', 'only last changed before');
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function addReason(to: Command): Command {
  return addBy(to).option('--why <text>', 'the reason, kept with it');
}

export function addBy(to: Command): Command {
  return to.option('--by <name>', 'who does it (default: the user of the system)');
}

export const lookHelp = '\nReads the store only: needs no code of the project, and may be used while the run goes on.';
