/**
 * `inspect [run]`: a run in Stately's inspector, told again from the store, and on as it goes. The messages go to a page on this
 * machine, which hands them to the inspector's page in the user's browser; with `--json` to stdout.
 */
import { randomBytes } from 'node:crypto';
import { WorkflowError } from '../../core/errors.ts';
import type { Store } from '../../core/ports.ts';
import { parseDuration } from '../../definition/index.ts';
import { Values } from '../../engine/dispatch/values.ts';
import { RunInspector } from '../../inspect/live/run-inspector.ts';
import { toStatelyMessage, type StatelyInspectionEvent } from '../../inspect/live/messages.ts';
import { Relay } from '../../inspect/relay/relay.ts';
import { exitCodes } from '../exit-code.ts';
import { findRun } from '../find-run.ts';
import type { InspectFlags } from '../flags.ts';
import { pause, untilStopped } from '../follow.ts';
import type { Io } from '../io.ts';
import { RunStory } from '../run-story.ts';

const defaultViewer = 'https://stately.ai/inspect';
/** How soon a change is seen. */
const pollMs = 100;

export async function inspect(io: Io, wanted: string | undefined, flags: InspectFlags): Promise<number> {
  const stepMs = readStep(flags.step);
  if (wanted === undefined) return serve(io, flags, null);
  const { store, row } = await findRun(io, wanted, flags);
  try {
    const tell = (send: (message: StatelyInspectionEvent) => void, signal: AbortSignal): Promise<boolean> =>
      tellRun(io, { store, run: row.id, stepMs, send, signal });
    if (flags.json !== true) return await serve(io, flags, { run: row.id, tell });
    const isWhole = await untilStopped(io, (signal) =>
      tell((message) => {
        io.out(`${JSON.stringify(message)}\n`);
      }, signal),
    );
    return isWhole ? exitCodes.ok : exitCodes.interrupted;
  } finally {
    store.close();
  }
}

interface Telling {
  readonly run: string;
  readonly tell: (send: (message: StatelyInspectionEvent) => void, signal: AbortSignal) => Promise<boolean>;
}

/** Until Ctrl-C. @param telling null: others tell, over the socket */
async function serve(io: Io, flags: InspectFlags, telling: Telling | null): Promise<number> {
  if (flags.json === true)
    throw new WorkflowError('REQUEST_INVALID', '--json needs a run: without one there is only the server');
  const viewer = readViewer(flags.viewer);
  const relay = await Relay.start({ port: readPort(flags.port), key: randomBytes(16).toString('hex'), viewer });
  try {
    const { errStyle: style } = io;
    io.out(`${relay.url}\n`);
    io.err(
      `Open it in a browser: the page loads the inspector from ${viewer.origin} and hands it what is told here;\n`,
    );
    io.err(
      `nothing is sent from this machine. Your own programs: createWebSocketInspector({ url: '${relay.socketUrl}' })\n`,
    );
    await untilStopped(io, async (signal) => {
      if (telling !== null) {
        const isWhole = await telling.tell((message) => {
          relay.publish(message);
        }, signal);
        if (isWhole) io.err(`${style.green('told')}: all of run ${telling.run}. Ctrl-C ends this.\n`);
      }
      await untilAborted(signal);
    });
    return exitCodes.ok;
  } finally {
    await relay.close();
  }
}

interface Tale {
  readonly store: Store;
  readonly run: string;
  readonly stepMs: number;
  readonly send: (message: StatelyInspectionEvent) => void;
  readonly signal: AbortSignal;
}

/** True: to the end of the run. */
async function tellRun(io: Io, { store, run, stepMs, send, signal }: Tale): Promise<boolean> {
  let at = 0;
  const failures: unknown[] = [];
  const inspector = new RunInspector({
    observer: (event) => {
      send(toStatelyMessage(event, at));
    },
    loader: new Values(store),
    env: io.env,
    onError: (_run, error) => failures.push(error),
  });
  const story = new RunStory(store, run, inspector);
  let isTold = false;
  for (let changes = -1; !signal.aborted;) {
    const now = store.changeCount();
    if (now !== changes) story.findBelow();
    changes = now;
    while (!signal.aborted && story.tellNext((time) => (at = time)) !== null)
      if (stepMs > 0) await pause(io, signal, stepMs);
    if (failures.length > 0) throw failures[0];
    if (story.isCut && !isTold) {
      isTold = true;
      io.err(`${io.errStyle.yellow('not all is shown')}: there are more rounds and child runs than can be\n`);
    }
    if (story.hasEnded) return true;
    await pause(io, signal, pollMs);
  }
  return false;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function readStep(text: string | undefined): number {
  if (text === undefined) return 0;
  const duration = parseDuration(text, 'zero');
  if ('ms' in duration) return duration.ms;
  throw new WorkflowError('REQUEST_INVALID', `--step ${text}: it ${duration.problem}`);
}

function readPort(text: string | undefined): number {
  const port = Number(text ?? 0);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new WorkflowError('REQUEST_INVALID', `--port ${text}: expected a whole number up to 65535`);
}

function readViewer(text: string = defaultViewer): URL {
  if (URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol === 'https:' || url.protocol === 'http:') return url;
  }
  throw new WorkflowError('REQUEST_INVALID', `--viewer ${text}: expected a web address, as ${defaultViewer}`);
}
