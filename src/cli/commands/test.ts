/** `test [name]`: runs every path of the project's workflows on the real engine, in virtual time. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { WorkflowError } from '../../core/errors.ts';
import { testPaths, type PathResult, type PathTests } from '../../testing/index.ts';
import { exitCodes } from '../exit-code.ts';
import type { TestFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { openProject } from '../open-project.ts';
import { chosenWorkflows } from '../chosen-workflows.ts';
import { count } from '../view/format.ts';
import { wholeNumber } from '../whole-number.ts';

export async function testCommand(io: Io, name: string | undefined, flags: TestFlags): Promise<number> {
  const options = flags.maxStates === undefined ? {} : { maxStates: wholeNumber(flags.maxStates, '--max-states') };
  const workflows = chosenWorkflows(await openProject(io, flags), name);
  if (flags.coverage !== undefined && workflows.length !== 1)
    throw new WorkflowError('REQUEST_INVALID', '--coverage writes of one workflow: name it');
  const all: PathTests[] = [];
  for (const workflow of workflows) {
    if (flags.json !== true) io.out(`${io.outStyle.bold(workflow.name)}\n`);
    const tests = await testPaths(workflow, {
      ...options,
      onResult: (result) => {
        if (flags.json !== true) io.out(`  ${line(io, result)}\n`);
      },
    });
    all.push(tests);
    if (flags.json !== true) for (const each of summary(tests)) io.out(`${each}\n`);
  }
  if (flags.json === true) io.out(`${JSON.stringify(all.map(toJson), null, 2)}\n`);
  const [only] = all;
  if (flags.coverage !== undefined && only !== undefined)
    writeFileSync(resolve(io.cwd, flags.coverage), `${JSON.stringify(only.coverage.drawn, null, 2)}\n`);
  return exitCodeOf(all);
}

function line({ outStyle: { green, red, yellow, dim } }: Io, { path, status, problem }: PathResult): string {
  if (status === 'passed') return `${green('ok')}    ${path.name}`;
  if (status === 'failed') return `${red('FAIL')}  ${path.name}: ${problem ?? ''}`;
  return `${yellow('-')}     ${path.name} ${dim(`(not reachable by generated data: ${problem ?? ''})`)}`;
}

function summary({ results, coverage, bounds }: PathTests): readonly string[] {
  const of = (status: PathResult['status']): number => results.filter((each) => each.status === status).length;
  const forced = new Set(results.flatMap((each) => each.forced));
  const share = ({ seen, all }: { readonly seen: number; readonly all: number }): string =>
    `${seen}/${all} (${all === 0 ? 100 : Math.floor((100 * seen) / all)}%)`;
  return [
    ...bounds.map(({ what }) => `  NOT ALL paths: ${what}`),
    `  ${count(of('passed'), 'path')} passed, ${of('failed')} failed, ${of('unreachable')} not reachable by generated data`,
    `  coverage: states ${share(coverage.states)}, transitions ${share(coverage.transitions)}, guards ${share(coverage.guards)}`,
    ...coverage.missed.slice(0, 20).map((each) => `    not seen: ${each}`),
    ...(forced.size === 0 ? [] : [`  decided by the test, not by data: ${[...forced].join(', ')}`]),
  ];
}

function toJson({ workflow, results, coverage, bounds }: PathTests): unknown {
  const { drawn: _drawn, ...shares } = coverage;
  return {
    workflow,
    paths: results.map(({ path, status, problem, forced }) => ({ name: path.name, status, problem, forced })),
    coverage: shares,
    bounds: bounds.map(({ what }) => what),
  };
}

function exitCodeOf(all: readonly PathTests[]): number {
  if (all.some(({ results }) => results.some(({ status }) => status === 'failed'))) return exitCodes.failed;
  return all.some(({ bounds }) => bounds.length > 0) ? exitCodes.incomplete : exitCodes.ok;
}
