/** `simulate [name]`: workflows of the project under crashes and all else that can go wrong; nothing outside is called. */
import { WorkflowError } from '../../core/errors.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import { findWorkflow } from '../../engine/runs/catalog.ts';
import {
  crashWorkflow,
  simulateWorkflow,
  simulateWorkflowSeed,
  type SimulateOptions,
  type SimulationSummary,
} from '../../testing/simulate-workflow.ts';
import { exitCodes } from '../exit-code.ts';
import type { SimulateFlags } from '../flags.ts';
import { readInput } from '../input.ts';
import type { Io } from '../io.ts';
import { openProject } from '../open-project.ts';
import { count } from '../view/format.ts';

const defaultSeeds = 500;

export async function simulate(io: Io, name: string | undefined, flags: SimulateFlags): Promise<number> {
  const seeds = wholeNumber('--seeds', flags.seeds) ?? defaultSeeds;
  const from = wholeNumber('--from', flags.from) ?? 1;
  const seed = wholeNumber('--seed', flags.seed);
  const { workflows } = await openProject(io, flags);
  const chosen = name === undefined ? workflows : [findWorkflow(workflows, name)];
  const input = flags.input === undefined ? {} : { input: await readInput(io, flags.input, []) };
  const results: { readonly isFine: boolean; readonly json: object }[] = [];
  for (const workflow of chosen) {
    const options = { workflow, workflows, ...input };
    if (flags.crashMatrix === true) results.push(await matrix(io, options, seed ?? from, flags));
    else if (seed !== null) results.push(await one(io, options, seed, flags));
    else results.push(tell(io, workflow, await simulateWorkflow(options, from, seeds), flags));
  }
  if (flags.json === true)
    io.out(
      `${JSON.stringify(
        results.map(({ json }) => json),
        null,
        2,
      )}\n`,
    );
  return results.every(({ isFine }) => isFine) ? exitCodes.ok : exitCodes.failed;
}

function tell(io: Io, { name }: WorkflowDefinition, summary: SimulationSummary, flags: SimulateFlags) {
  const { seeds, ends, calls, crashes, broken } = summary;
  const isFine = broken.length === 0;
  const json = { workflow: name, holds: isFine, ...summary };
  if (flags.json === true) return { isFine, json };
  const how = Object.entries(ends).map(([status, times]) => `${times} ${status}`);
  const runs = `${how.join(', ') || 'no run'}; ${count(calls, 'call')}, ${count(crashes, 'process death')}`;
  if (isFine) io.out(`${io.outStyle.green('holds')}: ${name} under ${count(seeds, 'seed')} (${runs})\n`);
  else io.out(`${io.outStyle.red('breaks')}: ${name} under ${broken.length} of ${count(seeds, 'seed')} (${runs})\n`);
  for (const { seed, violations } of broken) {
    io.out(`  seed ${seed}\n`);
    for (const { invariant, message } of violations) io.out(`    ${invariant}: ${message}\n`);
    io.out(`    again: ${io.name} simulate ${name} --seed ${seed}\n`);
  }
  return { isFine, json };
}

async function one(io: Io, options: SimulateOptions, seed: number, flags: SimulateFlags) {
  const { trace, violations, hash, runs } = await simulateWorkflowSeed(options, seed);
  const { name } = options.workflow;
  const isFine = violations.length === 0;
  if (flags.json !== true) {
    for (const line of trace) io.out(`${line}\n`);
    io.out(
      `${isFine ? io.outStyle.green('holds') : io.outStyle.red('breaks')}: ${name} under seed ${seed} (${hash})\n`,
    );
    for (const { invariant, message } of violations) io.out(`  ${invariant}: ${message}\n`);
  }
  return { isFine, json: { workflow: name, holds: isFine, seed, hash, violations, runs, trace } };
}

async function matrix(io: Io, options: SimulateOptions, seed: number, flags: SimulateFlags) {
  const { writes, broken } = await crashWorkflow(options, seed);
  const { name } = options.workflow;
  const isFine = broken.length === 0;
  if (flags.json !== true) {
    const crashes = `${count(writes * 2, 'process death')}: before and after each of ${count(writes, 'write')}`;
    io.out(`${isFine ? io.outStyle.green('holds') : io.outStyle.red('breaks')}: ${name} under ${crashes}\n`);
    for (const { write, when, why } of broken) {
      io.out(`  ${write === 0 ? 'without a crash' : `killed ${when} write ${write}`}\n`);
      for (const line of why) io.out(`    ${line}\n`);
    }
    if (!isFine) io.out(`  again: ${io.name} simulate ${name} --crash-matrix --seed ${seed}\n`);
  }
  return { isFine, json: { workflow: name, holds: isFine, seed, writes, broken } };
}

/** Null when it is not given. @throws WorkflowError REQUEST_INVALID */
function wholeNumber(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new WorkflowError('REQUEST_INVALID', `${option} ${text}: expected a whole number from 1 on`);
}
