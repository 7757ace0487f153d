/**
 * A process that trusts the certificates of a test (`NODE_EXTRA_CA_CERTS` counts when a process begins) and asks an agent:
 * `node tls-process.ts URL PORT`, where the name of the URL leads to this machine. Prints how the run ended, and with how many attempts.
 */
import { agent, flow } from '../support/flow.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { silentLogger } from '../../src/engine/default-ports.ts';

const [url = ''] = process.argv.slice(2);
const steps = [agent('s', { retry: { maxAttempts: 3, delay: 5 } })];
const engine = await createEngine({
  workflows: [flow({ name: 'w', steps })],
  agents: { any: url },
  env: {},
  store: ':memory:',
  logger: silentLogger,
  http: {
    lookup: (_host, options, callback) => {
      if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    },
  },
});
const run = await engine.start('w', {});
const outcome = await run.result().then(
  (output) => ({ output }),
  (error: unknown) => ({ message: (error as Error).message }),
);
console.log(JSON.stringify({ ...outcome, attempts: run.steps()[0]?.attempt }));
await engine.close();
