/**
 * The process that is killed: an engine on a file, told by lines of JSON on stdin what to do. Once it has
 * said `loaded` the first line lets it begin and names the point at which it kills itself, if any (crash-points.ts). It says `ready` once
 * it has taken up what was interrupted, and `ack <id>` or `nack <id> <code>` when a command was done or refused; an ack stands in
 * the pipe before anything else happens. After `close` it ends by itself, or says what keeps it.
 * `node faults/engine-process.ts STORE RECEIVER DURABILITY [PLANT]`: with a planted bug the sources run, else what was built.
 */
import { readdirSync, readlinkSync, realpathSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Engine } from 'dank-workflow';
import type { Command, Measured } from './commands.ts';
import { armCrashPoint } from './crash-points.ts';
import { kindOf, workflowsFor } from './workflow.ts';

const [file = '', receiver = '', durability = 'sync', plant = ''] = process.argv.slice(2);

async function load(): Promise<typeof import('dank-workflow')> {
  if (plant === '') return import('dank-workflow');
  const { plantBug } = await import('../scripts/simulation/plant.ts');
  const { plantedBug } = await import('./planted-bugs.ts');
  plantBug(plantedBug(plant));
  return import('../src/index.ts');
}

const { createEngine, parseDefinition, WorkflowError } = await load();
const workflows = workflowsFor(receiver, parseDefinition);
const input = createInterface({ input: process.stdin });
const lines = input[Symbol.asyncIterator]();
writeSync(1, 'loaded\n');
const first = await lines.next();
// Who started it is gone.
if (first.done === true) process.exit(1);
const { point: name = null } = JSON.parse(first.value) as { readonly point?: string | null };
const point = armCrashPoint(name);
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
  if (line.startsWith('ack')) point.reached('after ack');
};

/** Waits are put to sleep soon, so that deaths meet sleeping runs too. */
const sleepAfterMs = 60;
/** How long a closed engine may take to let its process end. */
const endMs = 5_000;

/** With two processes on a busy machine the store may be held by the other one for longer than is waited for. */
async function open(): Promise<Engine> {
  for (;;) {
    try {
      return await createEngine({
        workflows,
        store: file,
        durability: durability === 'async' ? 'async' : 'sync',
        allowHosts: [new URL(receiver).host],
        sleepAfterMs,
      });
    } catch (error) {
      if (!(error instanceof WorkflowError && error.code === 'STORE_BUSY')) throw error;
    }
  }
}

point.enter('recovery');
const engine = await open();
point.enter(null);
say('ready');

async function obey(command: Command): Promise<unknown> {
  const { run, by, id } = command;
  switch (command.do) {
    case 'start':
      await engine.start(kindOf(run), { run }, { runId: run, tags: ['fault'] });
      return;
    case 'signal':
      return engine.signal(run, 'go', id, { by });
    case 'answer':
      return engine.answer(`${run}:ok:1`, { decision: 'approve', comment: id }, { by });
    case 'complete':
      return engine.completeEffect(command.token ?? '', { by });
    case 'pause':
      return engine.pause(run, { by });
    case 'resume':
      return engine.resume(run, { by });
    case 'cancel':
      return engine.cancel(run, { by });
    case 'measure':
      say(`measured ${id} ${JSON.stringify(measure())}`);
      return;
    case 'close':
      return close();
  }
}

let isClosing = false;

async function close(): Promise<void> {
  isClosing = true;
  point.enter('closing');
  await engine.close();
  if (openFiles().some((path) => path.startsWith(realpathSync(file))))
    say('complaint I10: a closed engine holds files');
  input.close();
  process.stdin.destroy();
  setTimeout(() => {
    say(`complaint I10: a closed engine keeps its process: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit(0);
  }, endMs).unref();
}

function measure(): Measured {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const fds = openFiles();
  return { fds: fds.length === 0 ? null : fds.length, heapBytes: process.memoryUsage().heapUsed };
}

/** Of Linux alone: elsewhere none are seen. */
function openFiles(): readonly string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The one that the list itself was read by.
      return [];
    }
  });
}

for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
  const command = JSON.parse(line.value) as Command;
  obey(command).then(
    () => {
      say(`ack ${command.id}`);
    },
    (error: unknown) => {
      say(`nack ${command.id} ${error instanceof WorkflowError ? error.code : String(error)}`);
    },
  );
}
if (!isClosing) process.exit(1);
