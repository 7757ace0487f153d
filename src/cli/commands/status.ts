/** `status <run>`: how a run stands, as a tree; with `--watch` until it has ended. */
import type { ErrorData } from '../../core/errors.ts';
import type { RunReport } from '../../engine/read/run.ts';
import type { RunEvent } from '../../engine/read/run-events.ts';
import { RunView } from '../../engine/read/run-view.ts';
import { exitCodeOfRun, exitCodes } from '../exit-code.ts';
import { findRun } from '../find-run.ts';
import type { StatusFlags } from '../flags.ts';
import { follow, followBatches, untilStopped, type Following } from '../follow.ts';
import type { Io } from '../io.ts';
import { roundsOf } from '../rounds.ts';
import { compensationText, dateAndTime, duration, errorChain, inline } from '../view/format.ts';
import { createOutline } from '../view/outline.ts';
import { RunModel } from '../view/run-model.ts';
import { showEvents, showMode } from '../view/show-events.ts';
import type { Style } from '../view/style.ts';
import { cut } from '../view/text.ts';
import { renderTree, type Title } from '../view/tree.ts';

export async function status(io: Io, wanted: string, flags: StatusFlags): Promise<number> {
  const { store, row } = await findRun(io, wanted, flags);
  try {
    const view = new RunView(store, row.id);
    if (flags.watch !== true) {
      const events = view.update();
      if (flags.json === true) io.out(`${JSON.stringify(toJson(view), null, 2)}\n`);
      else print(io, view, events, roundsOf(store, row.id));
    } else if (!(await untilStopped(io, (signal) => watch(io, { store, view, signal }, flags)))) {
      return exitCodes.interrupted;
    }
    return flags.exitStatus === true ? exitCodeOfRun(view.report()) : exitCodes.ok;
  } finally {
    store.close();
  }
}

/** False: it was interrupted. */
async function watch(io: Io, following: Following, flags: StatusFlags): Promise<boolean> {
  const { store, view } = following;
  if (flags.json === true) {
    for await (const _batch of followBatches(io, following)) io.out(`${JSON.stringify(toJson(view))}\n`);
  } else {
    const outline = createOutline(view.definition);
    await showEvents(io, follow(io, following), {
      mode: showMode(io, {}),
      outline,
      title: title(view.report()),
      rounds: roundsOf(store, view.id),
    });
    for (const line of details(io, view, io.errStyle)) io.err(`${line}\n`);
  }
  return view.report().endedAt !== null;
}

function toJson(view: RunView): Readonly<Record<string, unknown>> {
  return { run: view.report(), input: view.input(), isDriven: view.isDriven(), steps: view.steps() };
}

function title({ workflow, id }: RunReport): Title {
  return { name: workflow, detail: `run ${id}` };
}

function print(io: Io, view: RunView, events: readonly RunEvent[], rounds: ReturnType<typeof roundsOf>): void {
  const { outStyle: style } = io;
  const model = new RunModel(createOutline(view.definition));
  for (const event of events) model.apply(event);
  for (const { id, isItemsLoop } of model.outline.nodes.values()) {
    if (isItemsLoop && model.step(id).visit > 0) model.setRounds(id, rounds(id, model.step(id).visit));
  }
  const now = io.clock.now();
  const columns = io.stdout.isTTY ? io.stdout.columns() : 1_000;
  const lines = renderTree(model, { style, now, columns, rows: null, frame: 0, title: title(view.report()) });
  for (const line of [...lines, ...details(io, view, style)]) io.out(`${line}\n`);
}

/** What the tree does not say. */
function details(io: Io, view: RunView, style: Style): readonly string[] {
  const report = view.report();
  const columns = io.stdout.isTTY ? Math.max(40, io.stdout.columns() - 12) : 160;
  const value = (what: unknown): string => cut(inline(what), columns, style.symbols.ellipsis);
  const ended =
    report.endedAt === null
      ? ''
      : `, ended ${dateAndTime(report.endedAt)} after ${duration(report.endedAt - report.createdAt)}`;
  return [
    `${style.dim('status ')} ${describeStatus(io, report, view)}`,
    `${style.dim('started')} ${dateAndTime(report.createdAt)}${ended}, version ${report.version}`,
    ...(report.tags.length === 0 ? [] : [`${style.dim('tags   ')} ${report.tags.map(inline).join(', ')}`]),
    `${style.dim('input  ')} ${value(view.input())}`,
    ...(report.status === 'completed' ? [`${style.dim('output ')} ${value(report.output)}`] : []),
    ...('error' in report ? errorLines(report.error, style) : []),
  ];
}

function errorLines(error: ErrorData, style: Style): readonly string[] {
  const chain = errorChain(error).map(
    ({ depth, text }) => `${style.dim(depth === 0 ? 'error  ' : '       ')} ${'  '.repeat(depth)}${text}`,
  );
  const undone = compensationText(error);
  return undone === null ? chain : [...chain, `${style.dim('undone ')} ${undone}`];
}

function describeStatus(io: Io, report: RunReport, view: RunView): string {
  if (report.endedAt !== null) return report.status;
  if (report.status === 'paused') return `paused; go on with it: ${io.name} resume ${report.id}`;
  const waiting = report.waitingFor === null ? '' : `, waiting for ${waits[report.waitingFor]}`;
  if (view.isDriven()) return `${report.status}${waiting}`;
  if (report.waitingFor === 'human')
    return `waiting for a person; once that is answered, go on with it: ${io.name} resume ${report.id}`;
  return `interrupted${waiting}: nobody drives it; go on with it: ${io.name} resume ${report.id}`;
}

const waits = {
  timer: 'its time',
  human: 'a person',
  signal: 'a signal',
  child: 'another run',
  effect: 'its steps',
} as const;
