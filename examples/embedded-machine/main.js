/**
 * `node examples/embedded-machine/main.js [topic]`: the workflow as a plain XState machine that calls real agents over HTTP,
 * without engine and database.
 */
import { createActors, toMachine } from 'dank-workflow';
import { createActor, toPromise } from 'xstate';
import { sampleDocuments, startAll } from '../agents/index.js';
import { flow } from './flow.js';

const topic = process.argv[2] ?? 'tides';
const running = await startAll({
  documents: sampleDocuments,
  names: ['researcher', 'summarizer', 'keyword', 'formatter'],
});
const agents = Object.fromEntries(Object.values(running.agents).map(({ name, url }) => [name, url]));

const machine = toMachine(flow).provide({ actors: createActors({ agents }) });
const actor = createActor(machine, { input: { topic } });

actor.subscribe((snapshot) => console.log('state    ', JSON.stringify(snapshot.value)));
actor.on('step.completed', ({ step, attempt }) => console.log('completed', step, `(attempt ${attempt})`));
actor.on('step.skipped', ({ step, why }) => console.log('skipped  ', step, `(${why})`));
actor.start();

const output = await toPromise(actor);
if (actor.getSnapshot().matches('$failed')) throw new Error(actor.getSnapshot().context.error.message);
console.log(output);
await running.close();
