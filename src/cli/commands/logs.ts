/** `logs <run>`: what happened in a run, from its beginning; with `--follow` until it has ended. */
import { isPassing, type RunEvent } from '../../engine/read/run-events.ts';
import { RunView } from '../../engine/read/run-view.ts';
import { exitCodes } from '../exit-code.ts';
import { findRun } from '../find-run.ts';
import type { LogsFlags } from '../flags.ts';
import { follow, untilStopped } from '../follow.ts';
import type { Io } from '../io.ts';
import { describeEvent } from '../view/describe-event.ts';
import { dateAndTime, duration, errorChain, inline, timeOfDay } from '../view/format.ts';
import { createOutline } from '../view/outline.ts';
import { RunModel } from '../view/run-model.ts';
import { cut } from '../view/text.ts';

export async function logs(io: Io, wanted: string, flags: LogsFlags): Promise<number> {
  const { store, row } = await findRun(io, wanted, flags);
  try {
    const view = new RunView(store, row.id);
    if (flags.follow !== true && flags.json === true) {
      io.out(`${JSON.stringify({ run: view.report(), input: view.input(), events: view.update() }, null, 2)}\n`);
      return exitCodes.ok;
    }
    const tell = flags.json === true ? (event: RunEvent) => io.out(`${JSON.stringify(event)}\n`) : teller(io, view);
    if (flags.follow !== true) {
      for (const event of view.update()) tell(event);
      return exitCodes.ok;
    }
    await untilStopped(io, async (signal) => {
      for await (const event of follow(io, { store, view, signal })) tell(event);
    });
    return view.report().endedAt === null ? exitCodes.interrupted : exitCodes.ok;
  } finally {
    store.close();
  }
}

/** Lines for people: the time, what happened, and what it brought; errors with what caused them. */
function teller(io: Io, view: RunView): (event: RunEvent) => void {
  const { outStyle: style } = io;
  const model = new RunModel(createOutline(view.definition));
  const width = io.stdout.isTTY ? io.stdout.columns() : 160;
  const { workflow, version, id, createdAt } = view.report();
  io.out(`${style.bold(workflow)} ${style.dim(`version ${version}  run ${id}  ${dateAndTime(createdAt)}`)}\n`);
  io.out(`${style.dim('input')} ${cut(inline(view.input()), width - 7, style.symbols.ellipsis)}\n`);
  return (event) => {
    model.apply(event);
    if (isPassing(event)) return;
    const since = `+${duration(event.at - createdAt)}`.padStart(8);
    const text = describeEvent(event, model, { style, outputColumns: Math.max(20, width - 70) });
    io.out(`${style.dim(`${timeOfDay(event.at)} ${since}`)}  ${text}\n`);
    if ('error' in event) {
      for (const { depth, text: cause } of errorChain(event.error).slice(1))
        io.out(`${' '.repeat(23 + depth * 2)}${style.dim(cause)}\n`);
    }
  };
}
