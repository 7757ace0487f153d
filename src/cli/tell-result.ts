/** How a run ended, or why it was left: the output on stdout, everything else on stderr; with `--json` one line on stdout. */
import { relative } from 'node:path';
import type { RunReport } from '../engine/run.ts';
import type { Project } from '../project/project.ts';
import { exitCodes } from './exit-code.ts';
import type { DriveFlags } from './flags.ts';
import type { Io } from './io.ts';
import { duration, errorChain } from './view/format.ts';
import { harmless } from './view/text.ts';

/** What left the run unfinished: a signal, `--timeout`, or that it waits for a person. */
export type Stop = 'SIGINT' | 'SIGTERM' | 'timeout' | 'person';

export interface Told {
  readonly io: Io;
  readonly report: RunReport;
  readonly flags: DriveFlags;
  readonly project: Project;
}

const stopCodes: Readonly<Record<Stop, number>> = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  timeout: exitCodes.timeout,
  person: exitCodes.waitingForPerson,
};

export function tellResult(told: Told, exitCode: number): number {
  const { io, report, flags } = told;
  if (flags.json === true) io.out(`${JSON.stringify(resultLine(report, exitCode))}\n`);
  else tellPeople(told);
  return exitCode;
}

export function tellStopped({ io, report, flags, project }: Told, stop: Stop): number {
  const exitCode = stopCodes[stop];
  if (flags.json === true) io.out(`${JSON.stringify({ ...resultLine(report, exitCode), stoppedBy: stop })}\n`);
  const why = stop === 'timeout' ? `stopped after ${flags.timeout ?? ''}` : `stopped by ${stop}`;
  const what =
    stop === 'person'
      ? `${io.errStyle.yellow('waiting for a person')}; once that is answered, go on`
      : `${io.errStyle.yellow(why)}; the run has not ended. Go on`;
  io.err(`${what} with it: ${hint(io, 'resume', report.id, flags, project)}\n`);
  return exitCode;
}

function resultLine(report: RunReport, exitCode: number): Readonly<Record<string, unknown>> {
  const { id: runId, workflow, status, createdAt, endedAt } = report;
  const result =
    report.status === 'completed' ? { output: report.output } : 'error' in report ? { error: report.error } : {};
  return {
    type: 'result',
    runId,
    workflow,
    status,
    ...result,
    durationMs: endedAt === null ? null : endedAt - createdAt,
    exitCode,
  };
}

function tellPeople({ io, report, flags, project }: Told): void {
  const { errStyle: style } = io;
  const took = report.endedAt === null ? '' : ` in ${duration(report.endedAt - report.createdAt)}`;
  if (report.status === 'completed') io.out(`${pretty(report.output, io.stdout.isTTY)}\n`);
  if ('error' in report) {
    const paint = report.status === 'cancelled' ? style.yellow : style.red;
    const [first, ...causes] = errorChain(report.error);
    io.err(`${paint(`${report.status}${took}:`)} ${first?.text ?? ''}\n`);
    for (const { depth, text } of causes) io.err(`${'  '.repeat(depth)}${text}\n`);
  } else if (flags.quiet !== true) {
    io.err(`${style.green(`${report.status}${took}`)}\n`);
  }
  if (flags.quiet !== true)
    io.err(`${style.dim(`Look at it again: ${hint(io, 'logs', report.id, flags, project)}`)}\n`);
}

/** Texts as they are, data as indented JSON. A terminal is spared control characters. */
function pretty(value: unknown, isTTY: boolean): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null, null, 2);
  return isTTY ? harmless(text) : text;
}

/** A command about this run that finds it from the same folder. */
function hint(io: Io, command: string, runId: string, flags: DriveFlags, project: Project): string {
  const file = flags.file === undefined ? '' : ` --file ${quote(flags.file)}`;
  const store = flags.store ?? (isElsewhere(project) ? relative(io.cwd, project.store) : undefined);
  return `${io.name} ${command} ${runId}${file}${store === undefined ? '' : ` --store ${quote(store)}`}`;
}

/** Whether the workflow file names a store of its own: commands that only look do not read that file first. */
function isElsewhere({ dir, store }: Project): boolean {
  return relative(dir, store) !== '.dank/workflows.db' && relative(dir, store) !== '.dank\\workflows.db';
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
