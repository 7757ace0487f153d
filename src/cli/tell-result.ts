/** How a run ended, or why it was left: the output on stdout, everything else on stderr; with `--json` one line on stdout. */
import type { RunReport } from '../engine/read/run.ts';
import type { Task } from '../engine/read/tasks.ts';
import type { Project } from '../project/project.ts';
import { isDebug } from './is-debug.ts';
import { exitCodes } from './exit-code.ts';
import type { DriveFlags } from './flags.ts';
import { hint } from './hint.ts';
import type { Io } from './io.ts';
import { compensationText, duration, errorChain } from './view/format.ts';
import { taskLines } from './view/tasks.ts';
import { harmless } from './view/text.ts';

/** What left the run unfinished: a signal of the system, `--timeout`, or that it waits: for a person, a signal, the end of a pause. */
export type Stop = 'SIGINT' | 'SIGTERM' | 'timeout' | 'person' | 'signal' | 'pause';

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
  signal: exitCodes.ok,
  pause: exitCodes.ok,
};

export function tellResult(told: Told, exitCode: number): number {
  const { io, report, flags } = told;
  if (flags.json === true) io.out(`${JSON.stringify(resultLine(report, exitCode))}\n`);
  else tellPeople(told);
  return exitCode;
}

/** @param tasks that are open, when it waits for a person */
export function tellStopped(told: Told, stop: Stop, tasks: readonly Task[] = []): number {
  const { io, report, flags, project } = told;
  const exitCode = stopCodes[stop];
  if (flags.json === true) {
    const open = tasks.length === 0 ? {} : { tasks };
    io.out(`${JSON.stringify({ ...resultLine(report, exitCode), stoppedBy: stop, ...open })}\n`);
  }
  const answer = (words: string): string => hint(io, `answer ${words}`, flags, project);
  if (flags.quiet !== true && flags.json !== true) {
    for (const task of tasks) for (const line of taskLines(task, io.errStyle, answer)) io.err(`${line}\n`);
  }
  io.err(`${whyStopped(told, stop)} with it: ${hint(io, `resume ${report.id}`, flags, project)}\n`);
  return exitCode;
}

function whyStopped({ io, report, flags, project }: Told, stop: Stop): string {
  const { yellow } = io.errStyle;
  switch (stop) {
    case 'person':
      return `${yellow('waiting for a person')}; once that is answered, go on`;
    case 'signal':
      return `${yellow('waiting for a signal')}; send it: ${hint(io, `signal ${report.id} <name>`, flags, project)}; or wait for it, going on`;
    case 'pause':
      return `${yellow('paused')}; go on`;
    case 'timeout':
      return `${yellow(`stopped after ${flags.timeout ?? ''}`)}; the run has not ended. Go on`;
    case 'SIGINT':
    case 'SIGTERM':
      return `${yellow(`stopped by ${stop}`)}; the run has not ended. Go on`;
  }
}

function resultLine(report: RunReport, exitCode: number): Readonly<Record<string, unknown>> {
  const { id: runId, workflow, status, createdAt, endedAt } = report;
  const result =
    report.status === 'completed'
      ? { output: report.output }
      : 'error' in report
        ? { error: report.error, compensation: report.compensation }
        : {};
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
    if (report.error.code === 'STEP_FAILED' && !isDebug(io) && flags.quiet !== true)
      io.err(`${style.dim('DANK_DEBUG=1 shows where it was thrown')}\n`);
    const undone = compensationText(report.error);
    if (undone !== null) io.err(`${report.compensation === 'incomplete' ? style.red(undone) : undone}\n`);
  } else if (flags.quiet !== true) {
    io.err(`${style.green(`${report.status}${took}`)}\n`);
  }
  if (flags.quiet !== true)
    io.err(`${style.dim(`Look at it again: ${hint(io, `logs ${report.id}`, flags, project)}`)}\n`);
}

/** Texts as they are, data as indented JSON. A terminal is spared control characters. */
function pretty(value: unknown, isTTY: boolean): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null, null, 2);
  return isTTY ? harmless(text) : text;
}
