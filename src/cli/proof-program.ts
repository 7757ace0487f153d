/** The commands that prove a workflow before it runs: `verify`, `test`, `simulate`. */
import type { Command } from 'commander';
import type { SimulateFlags, TestFlags, VerifyFlags } from './flags.ts';
import type { Io } from './io.ts';
import { addAgents, addFile, collect, command, type Start } from './program-options.ts';

export function addProofs(program: Command, io: Io, start: Start): void {
  addVerify(program, io, start);
  addTest(program, io, start);
  addSimulate(program, io, start);
}

function addVerify(program: Command, io: Io, start: Start): void {
  addAgents(addFile(command(program, 'verify', 'look at every path of the workflows for mistakes; nothing is run')))
    .argument('[name]', 'name, id or title of a workflow (default: all)')
    .option('--mermaid', 'the paths to the findings as Mermaid flowcharts')
    .option('--against <file>', 'what differs from the workflows of another file: paths added, removed, changed')
    .option('--max-states <n>', 'situations to look at, at most (default: 20000)')
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
    .option('--history <path>', 'recorded runs: a file that export wrote, or a folder of them (repeatable)', collect)
    .option('--rerun', 'run recorded runs again with the answers of then, rather than to replay their events')
    .option('--no-paths', 'recorded runs alone')
    .option('--coverage <file>', "write what was seen, for 'draw --coverage' (one workflow)")
    .option('--max-states <n>', 'situations to explore, at most (default: 20000)')
    .addHelpText('after', testHelp)
    .action((name: string | undefined, flags: TestFlags) =>
      start(flags, async () => (await import('./commands/test.ts')).testCommand(io, name, flags)),
    );
}

const testHelp = `
No agent is called and nobody waits: what agents answer, and when, is made so that each path is taken. Recorded runs (of production:
export; of your own tests: DANK_RECORD_RUNS=<folder>) must go as they went, and count into the coverage. Exits with 1 when a
path or a recorded run goes otherwise, with 7 when not every path was found. With --json: [{ workflow, paths: [{ name, status, problem,
forced, longer: [{ timer, writtenMs, ms }] }], histories?: [{ runs, events, differences, notCompared }], recorded?, reruns?: [{ run, status, was, differences }],
coverage: { states, transitions, guards, missed }, bounds }].`;

function addSimulate(program: Command, io: Io, start: Start): void {
  addAgents(addFile(command(program, 'simulate', 'run workflows under crashes and all else that can go wrong')))
    .argument('[name]', 'name, id or title of the workflow (default: all)')
    .option('--seeds <n>', 'how many courses of things are tried (default: 500)')
    .option('--from <n>', 'the first seed (default: 1)')
    .option('--seed <n>', 'this one alone, and tell all that happens')
    .option('--crash-matrix', 'one run, killed before and after every write')
    .option(
      '-i, --input <json>',
      "input as JSON; '@file' reads a file, '-' stdin (default: made up from the input schema)",
    )
    .addHelpText('after', simulateHelp)
    .action((name: string | undefined, flags: SimulateFlags) =>
      start(flags, async () => (await import('./commands/simulate.ts')).simulate(io, name, flags)),
    );
}

const simulateHelp = `
Nothing outside is called and no time passes: agents and http steps are answered from the schemas of their steps (or anything,
where there is none), people by their forms. Functions of the workflow are run; they should neither wait nor call out. What
they print is not printed; with --seed it is told where it belongs.
Under each seed processes die, disks are full, clocks jump, agents are slow, lost, fail or talk nonsense, people say things
twice and too late. What a run is promised has to hold all the same; a seed that breaks it does so again.
Exit code 1 when something breaks. With --json: [{ workflow, holds, seeds, ends, calls, crashes, broken: [{ seed, hash, violations }] }];
with --seed { workflow, holds, seed, hash, violations, runs, trace }; with --crash-matrix { workflow, holds, seed, writes, broken }.`;
