/** `test [name]`: runs every path of the project's workflows on the real engine, in virtual time, and runs that were recorded. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { WorkflowError } from '../../core/errors.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import { coverageOfRuns } from '../../inspect/drawing/seen.ts';
import { rerunHistory, testPaths, type HistoryRerun, type PathResult, type PathTests } from '../../testing/index.ts';
import { exitCodes } from '../exit-code.ts';
import type { TestFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { openProject } from '../open-project.ts';
import { chosenWorkflows } from '../chosen-workflows.ts';
import { count, duration } from '../view/format.ts';
import { harmless } from '../view/text.ts';
import { wholeNumber } from '../whole-number.ts';

interface Tested extends PathTests {
  /** Null: recorded runs were replayed, not run again. */
  readonly reruns: readonly HistoryRerun[] | null;
}

export async function testCommand(io: Io, name: string | undefined, flags: TestFlags): Promise<number> {
  const { history = [], rerun = false, paths = true } = flags;
  if (history.length === 0 && (rerun || !paths))
    throw new WorkflowError('REQUEST_INVALID', `${rerun ? '--rerun' : '--no-paths'} needs --history`);
  const recordings = history.flatMap((path) => readRecordings(resolve(io.cwd, path)));
  const project = await openProject(io, flags);
  const workflows = chosenWorkflows(project, name);
  if (flags.coverage !== undefined && workflows.length !== 1)
    throw new WorkflowError('REQUEST_INVALID', '--coverage writes of one workflow: name it');
  const all: Tested[] = [];
  for (const workflow of workflows) {
    if (flags.json !== true) io.out(`${io.outStyle.bold(workflow.name)}\n`);
    const tests = await testPaths(workflow, {
      ...(flags.maxStates === undefined ? {} : { maxStates: wholeNumber(flags.maxStates, '--max-states') }),
      paths,
      recordings,
      children: project.workflows,
      onResult: (result) => {
        if (flags.json !== true) io.out(`  ${line(io, result)}\n`);
      },
    });
    const reruns = rerun ? await runAgain(workflow, project.workflows, recordings) : null;
    const tested = { ...tests, reruns };
    all.push(tested);
    if (flags.json !== true) for (const each of [...histories(io, tested), ...summary(tested)]) io.out(`${each}\n`);
    if (flags.coverage !== undefined) writeSeen(io, flags.coverage, workflow, tests);
  }
  if (flags.json === true) io.out(`${JSON.stringify(all.map(toJson), null, 2)}\n`);
  return exitCodeOf(all);
}

/** The recorded runs of a workflow; others are started as their children. */
async function runAgain(
  workflow: WorkflowDefinition,
  others: readonly WorkflowDefinition[],
  recordings: readonly string[],
): Promise<readonly HistoryRerun[]> {
  const reruns: HistoryRerun[] = [];
  for (const text of recordings) reruns.push(...(await rerunHistory([...others, workflow], text)));
  return reruns.filter((each) => each.workflow === workflow.name);
}

/** Of a file, or of the `.jsonl` files of a folder. */
function readRecordings(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [readFileSync(path, 'utf8')];
    const files = readdirSync(path).filter((file) => file.endsWith('.jsonl'));
    if (files.length > 0) return files.toSorted().map((file) => readFileSync(join(path, file), 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WorkflowError('NOT_FOUND', `--history ${path} cannot be read: ${why}`, { cause: error });
  }
  throw new WorkflowError('NOT_FOUND', `--history ${path}: there is no .jsonl file in that folder`);
}

function writeSeen(io: Io, file: string, workflow: WorkflowDefinition, { told }: PathTests): void {
  const path = resolve(io.cwd, file);
  try {
    writeFileSync(path, `${JSON.stringify(coverageOfRuns(workflow, told), null, 2)}\n`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WorkflowError('REQUEST_INVALID', `--coverage ${path} cannot be written: ${why}`, { cause: error });
  }
}

/** What went otherwise stands on a line of its own: both may be long. */
function line({ outStyle: { green, red, yellow, dim } }: Io, { path, status, problem }: PathResult): string {
  if (status === 'passed') return `${green('ok')}    ${path.name}`;
  const why = `\n          ${harmless(problem ?? '')}`;
  if (status === 'failed') return `${red('FAIL')}  ${path.name}${why}`;
  return `${yellow('-')}     ${path.name}${dim(why)}`;
}

function histories({ outStyle: { green, red, yellow } }: Io, { replays, reruns }: Tested): readonly string[] {
  if (reruns !== null)
    return reruns.flatMap(({ run, differences }) =>
      differences.length === 0
        ? [`  ${green('ok')}    run ${run} again`]
        : [`  ${red('FAIL')}  run ${run} again:`, ...differences.map((each) => `          ${harmless(each)}`)],
    );
  return [
    ...replays.flatMap(({ differences }) => differences.map(({ message }) => `  ${red('FAIL')}  ${harmless(message)}`)),
    ...new Set(replays.flatMap(({ notCompared }) => notCompared.map((each) => `  ${yellow('-')}     ${each}`))),
  ];
}

function summary({ results, coverage, recorded, replays, bounds }: Tested): readonly string[] {
  const of = (status: PathResult['status']): number => results.filter((each) => each.status === status).length;
  const forced = new Set(results.flatMap((each) => each.forced));
  const share = ({ seen, all }: { readonly seen: number; readonly all: number }): string =>
    `${seen}/${all} (${all === 0 ? 100 : Math.floor((100 * seen) / all)}%)`;
  const shares = ({ states, transitions, guards }: PathTests['coverage']): string =>
    `states ${share(states)}, transitions ${share(transitions)}, guards ${share(guards)}`;
  const sum = (what: (replay: PathTests['replays'][number]) => number): number =>
    replays.reduce((total, replay) => total + what(replay), 0);
  return [
    ...bounds.map(({ what }) => `  NOT ALL paths: ${what}`),
    ...(results.length === 0
      ? []
      : [`  ${count(of('passed'), 'path')} passed, ${of('failed')} failed, ${of('unreachable')} not driven (-)`]),
    ...(recorded === null
      ? []
      : [
          `  ${count(
            sum(({ runs }) => runs),
            'recorded run',
          )} compared, ${sum(({ differences }) => differences.length)} otherwise; they have seen ${shares(recorded)}`,
        ]),
    `  coverage: ${shares(coverage)}`,
    ...coverage.missed.slice(0, 20).map((each) => `    not seen: ${each}`),
    ...(forced.size === 0 ? [] : [`  decided by the test, not by data: ${[...forced].join(', ')}`]),
    ...longerTimers(results),
  ];
}

/** Ways that no run goes with the times that are written. */
function longerTimers(results: readonly PathResult[]): readonly string[] {
  const most = new Map<string, PathResult['longer'][number]>();
  for (const { longer } of results)
    for (const each of longer) if (each.ms > (most.get(each.timer)?.ms ?? 0)) most.set(each.timer, each);
  if (most.size === 0) return [];
  const texts = [...most.values()].map(
    ({ timer, writtenMs, ms }) => `    ${timer} is ${duration(writtenMs)}, a path needs over ${duration(ms - 1)}`,
  );
  return ['  paths with longer times than are written:', ...texts];
}

function toJson({ workflow, results, coverage, recorded, replays, reruns, bounds }: Tested): unknown {
  return {
    workflow,
    paths: results.map(({ path, status, problem, forced, longer }) => ({
      ...{ name: path.name, status, problem, forced, longer },
    })),
    ...(recorded === null ? {} : { histories: replays, recorded }),
    ...(reruns === null
      ? {}
      : {
          reruns: reruns.map(({ run, status, recorded: { status: was }, differences }) => ({
            ...{ run, status, was, differences },
          })),
        }),
    coverage,
    bounds: bounds.map(({ what }) => what),
  };
}

function exitCodeOf(all: readonly Tested[]): number {
  const isOtherwise = all.some(
    ({ results, replays, reruns }) =>
      results.some(({ status }) => status === 'failed') ||
      (reruns ?? replays).some(({ differences }) => differences.length > 0),
  );
  if (isOtherwise) return exitCodes.failed;
  return all.some(({ bounds }) => bounds.length > 0) ? exitCodes.incomplete : exitCodes.ok;
}
