/** The engine's log: with `DANK_DEBUG=1` it tells where functions of the author threw. */
import type { Logger } from '../core/ports.ts';
import { consoleLogger } from '../engine/default-ports.ts';
import type { Io } from './io.ts';
import { isDebug } from './is-debug.ts';

/** Frames of a stack that say something: of the author's code, the nearest ones. */
const maxFrames = 5;
const notTheirs = /\(?node:|[\\/]node_modules[\\/]|<anonymous>/;
const ours = new URL('../../', import.meta.url);

export function engineLogger(io: Io): Logger {
  if (!isDebug(io)) return consoleLogger;
  return {
    ...consoleLogger,
    debug: (message, details = {}) => {
      const { at, step } = details as { readonly at?: readonly string[]; readonly step?: string | null };
      const frames = (at ?? [])
        .filter((line) => !notTheirs.test(line) && !line.includes(ours.pathname))
        .slice(0, maxFrames);
      if (frames.length === 0) return;
      const where = typeof step === 'string' ? ` in step '${step}'` : '';
      // As the author's own output: a live tree makes room for it.
      console.error(io.errStyle.dim([`${message}${where}`, ...frames.map((line) => `  ${line}`)].join('\n')));
    },
  };
}
