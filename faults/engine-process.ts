/**
 * The process that is killed: an engine on a file, told by lines of JSON on stdin what to do. The first line lets it begin (until
 * then it has only loaded its code) and names the point at which it kills itself, if any (crash-points.ts). It says `ready` once
 * it has taken up what was interrupted, and `ack <id>` or `nack <id> <code>` when a command was done or refused; an ack stands in
 * the pipe before anything else happens. `node faults/engine-process.ts STORE RECEIVER [DURABILITY]`
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createEngine, WorkflowError } from 'dank-workflow';
import type { Command } from './commands.ts';
import { armCrashPoint } from './crash-points.ts';
import { workflowsFor } from './workflow.ts';

const [file = '', receiver = '', durability = 'sync'] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const first = (await lines.next()) as { readonly value?: string };
const { point: name = null } = JSON.parse(first.value ?? '{}') as { readonly point?: string | null };
const point = armCrashPoint(name);
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
  if (line.startsWith('ack')) point.reached('after ack');
};

point.enter('recovery');
const engine = await createEngine({
  workflows: workflowsFor(receiver),
  store: file,
  durability: durability === 'async' ? 'async' : 'sync',
  allowHosts: [new URL(receiver).host],
});
point.leave('recovery');
say('ready');

async function obey(command: Command): Promise<unknown> {
  const { run, by } = command;
  switch (command.do) {
    case 'start':
      await engine.start('work', { run }, { runId: run, tags: ['fault'] });
      return;
    case 'signal':
      return engine.signal(run, 'go', command.id, { by });
    case 'answer':
      return engine.answer(`${run}:ok:1`, { decision: 'approve', comment: command.id }, { by });
    case 'pause':
      return engine.pause(run, { by });
    case 'resume':
      return engine.resume(run, { by });
    case 'cancel':
      return engine.cancel(run, { by });
    case 'close':
      await engine.close();
      say(`ack ${command.id}`);
      process.exit(0);
  }
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
