/** Shows the events of a run as they come: as a live tree, as lines, as JSON Lines, or not at all. */
import type { RunEvent } from '../../engine/read/run-events.ts';
import type { Io } from '../io.ts';
import { describeEvent } from './describe-event.ts';
import { timeOfDay } from './format.ts';
import { LiveTree, type LiveTreeOptions } from './live-tree.ts';
import type { Outline } from './outline.ts';
import { RunModel } from './run-model.ts';

export type ShowMode = 'tree' | 'lines' | 'json' | 'none';

export interface ShowOptions extends LiveTreeOptions {
  readonly mode: ShowMode;
  readonly outline: Outline;
}

/** How progress is shown, given the flags and the terminal. */
export function showMode(
  io: Io,
  flags: { readonly json?: boolean | undefined; readonly quiet?: boolean | undefined },
): ShowMode {
  if (flags.quiet === true) return 'none';
  if (flags.json === true) return 'json';
  return io.stderr.isTTY && io.env['TERM'] !== 'dumb' ? 'tree' : 'lines';
}

/**
 * Lets a run begin before its tree is drawn: what its code writes meanwhile comes out in whole lines only, so that the tree
 * begins on a line of its own.
 */
export async function inWholeLines<T>(io: Io, mode: ShowMode, work: () => Promise<T>): Promise<T> {
  const release = mode === 'tree' ? io.onForeignOutput(() => undefined) : (): void => undefined;
  try {
    return await work();
  } finally {
    release();
  }
}

/** Resolves when there are no more events; gives what they told. */
export async function showEvents(io: Io, events: AsyncIterable<RunEvent>, options: ShowOptions): Promise<RunModel> {
  const model = new RunModel(options.outline);
  const tree = options.mode === 'tree' ? new LiveTree(io, model, options) : null;
  tree?.start();
  try {
    for await (const event of events) {
      model.apply(event);
      if (options.mode === 'lines' && event.type !== 'step.chunk') {
        const { errStyle: style } = io;
        const at = 'at' in event ? event.at : io.clock.now();
        io.err(`${style.dim(timeOfDay(at))}  ${describeEvent(event, model, { style, outputColumns: 0 })}\n`);
      } else if (options.mode === 'json') {
        io.out(`${JSON.stringify(event)}\n`);
      }
    }
  } finally {
    tree?.stop();
  }
  return model;
}
