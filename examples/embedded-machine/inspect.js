/**
 * `node examples/embedded-machine/inspect.js [ws-address] [topic]`: the same machine under an inspector, as XState has it for every
 * machine. With the `ws://` address that `npx dank-workflow inspect` prints, its page shows the run; without, its messages are told here.
 */
import { createInspector, createWebSocketInspector } from '@statelyai/inspect';
import { toMachine } from 'dank-workflow';
import { createActor, fromPromise, toPromise } from 'xstate';
import { flow } from './flow.js';

const [first, second] = process.argv.slice(2);
const address = first?.startsWith('ws') === true ? first : null;
const topic = (address === null ? first : second) ?? 'tides';

const inspector =
  address === null
    ? createInspector({
        send: (message) => {
          if (message.type === '@xstate.actor') console.log('actor   ', message.name);
          if (message.type === '@xstate.event') console.log('event   ', message.event.type);
        },
      })
    : createWebSocketInspector({ url: address });

const agent = fromPromise(() => Promise.resolve(`Nobody knows everything about ${topic}.`));
const machine = toMachine(flow).provide({ actors: { agent } });
const actor = createActor(machine, { input: { topic }, inspect: inspector.inspect });
actor.start();
console.log(await toPromise(actor));

// Messages are sent a moment later, and the socket stays open for more.
setTimeout(() => inspector.stop(), 500);
