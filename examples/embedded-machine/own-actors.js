/**
 * `node examples/embedded-machine/own-actors.js [topic]`: the same machine with an `agent` actor of its own: no agents, no
 * HTTP, no server. In its place could be any model, or any function of your program.
 */
import { stepInput, toMachine } from 'dank-workflow';
import { createActor, fromPromise, toPromise } from 'xstate';
import { flow } from './flow.js';

const topic = process.argv[2] ?? 'tides';

const subject = (prompt) => prompt.replace(/^[^:]+: /, '');
const answers = {
  researcher: ({ prompt }) => `Nobody knows everything about ${subject(prompt)}. Ask a sailor.`,
  summarizer: ({ prompt }) => `${subject(prompt).split('. ')[0]}.`,
  keyword: ({ prompt, limit }) => [...new Set(subject(prompt).match(/\p{L}{5,}/gu))].slice(0, limit),
};

const agent = fromPromise(async ({ input }) => {
  const { agentId } = input.info.step;
  return answers[agentId](await stepInput(input));
});

const actor = createActor(toMachine(flow).provide({ actors: { agent } }), { input: { topic } });
actor.on('step.completed', ({ step }) => console.log('completed', step));
actor.on('step.skipped', ({ step, why }) => console.log('skipped  ', step, `(${why})`));
actor.start();
console.log(await toPromise(actor));
