/**
 * `node examples/embedded-machine/own-actors.js [topic]`: the same machine with an `agent` actor of its own: no agents, no
 * HTTP, no server. In its place could be any model, or any function of your program.
 * @import { EffectInput } from 'dank-workflow'
 */
import { stepInput, toMachine } from 'dank-workflow';
import { createActor, fromPromise, toPromise } from 'xstate';
import { flow } from './flow.js';

const topic = process.argv[2] ?? 'tides';

/** @param {string} prompt */
const subject = (prompt) => prompt.replace(/^[^:]+: /, '');

/** @type {Record<string, (question: { prompt: string, limit?: number }) => unknown>} */
const answers = {
  researcher: ({ prompt }) => `Nobody knows everything about ${subject(prompt)}. Ask a sailor.`,
  summarizer: ({ prompt }) => `${subject(prompt).split('. ')[0]}.`,
  keyword: ({ prompt, limit }) => [...new Set(subject(prompt).match(/\p{L}{5,}/gu))].slice(0, limit),
};

const agent = fromPromise(async (/** @type {{ input: EffectInput }} */ { input }) => {
  const step = input.info?.step;
  const answer = step?.type === 'agent' ? answers[step.agentId] : undefined;
  if (answer === undefined) throw new Error(`nobody answers for step '${step?.id}'`);
  return answer(/** @type {{ prompt: string }} */ (await stepInput(input)));
});

const actor = createActor(toMachine(flow).provide({ actors: { agent } }), { input: { topic } });
actor.on('step.completed', ({ step }) => console.log('completed', step));
actor.on('step.skipped', ({ step, why }) => console.log('skipped  ', step, `(${why})`));
actor.start();
console.log(await toPromise(actor));
