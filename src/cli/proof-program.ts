/** The commands that prove a workflow before it runs. */
import type { Command } from 'commander';
import type { TestFlags, VerifyFlags } from './flags.ts';
import type { Io } from './io.ts';
import { addAgents, addFile, command, type Start } from './program-options.ts';

export function addProofs(program: Command, io: Io, start: Start): void {
  addVerify(program, io, start);
  addTest(program, io, start);
}

function addVerify(program: Command, io: Io, start: Start): void {
  addAgents(addFile(command(program, 'verify', 'look at every path of the workflows for mistakes; nothing is run')))
    .argument('[name]', 'name, id or title of a workflow (default: all)')
    .option('--mermaid', 'the paths to the findings as Mermaid flowcharts')
    .option('--against <file>', 'what differs from the workflows of another file: paths added, removed, changed')
    .option('--max-states <n>', 'situations to look at, at most (default: 50000)')
    .addHelpText('after', verifyHelp)
    .action((name: string | undefined, flags: VerifyFlags) =>
      start(flags, async () => (await import('./commands/verify.ts')).verifyCommand(io, name, flags)),
    );
}

const verifyHelp = `
Exits with 1 when a run can go wrong (with --against: when a path differs), with 7 when nothing was found but not every path could be
looked at. With --json: [{ workflow, version, ok, complete, bounds, findings: [{ code, severity, message, path, hint?, way }],
explored: { situations, moves }, rules: { checked, broken }, worst: { steps, agentCalls, attempts, timeMs, cost, unbounded } }].`;

function addTest(program: Command, io: Io, start: Start): void {
  addAgents(
    addFile(command(program, 'test', 'run every path of the workflows, in virtual time, with generated agents')),
  )
    .argument('[name]', 'name, id or title of a workflow (default: all)')
    .option('--coverage <file>', "write what the paths have seen, for 'draw --coverage' (one workflow)")
    .option('--max-states <n>', 'situations to explore, at most (default: 50000)')
    .addHelpText('after', testHelp)
    .action((name: string | undefined, flags: TestFlags) =>
      start(flags, async () => (await import('./commands/test.ts')).testCommand(io, name, flags)),
    );
}

const testHelp = `
No agent is called and nobody waits: what agents answer, and when, is made so that each path is taken. Exits with 1 when a path goes
otherwise, with 7 when not every path was found. With --json: [{ workflow, paths: [{ name, status, problem, forced }], coverage:
{ states, transitions, guards, missed }, bounds }].`;
