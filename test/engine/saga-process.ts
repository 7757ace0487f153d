/**
 * A process that books and undoes its bookings, started and killed by a test: `node saga-process.ts FILE HOST`. Starts the run, or
 * goes on with it; ends when the run has.
 */
import { createEngine } from '../../src/engine/create-engine.ts';
import { createWorkflow } from '../../src/definition/index.ts';

const [file = '', host = ''] = process.argv.slice(2);
const call = (method: 'POST' | 'DELETE', what: string) => ({
  type: 'http' as const,
  method,
  url: `http://${host}/${what}`,
});

const workflow = createWorkflow('trip')
  .addStep('flight', { ...call('POST', 'flight'), compensate: call('DELETE', 'flight') })
  .addStep('nights', {
    type: 'loop',
    items: [1, 2, 3],
    steps: [{ id: 'night', ...call('POST', 'night'), compensate: call('DELETE', 'night') }],
  })
  .addStep('car', { ...call('POST', 'car'), compensate: call('DELETE', 'car') })
  .addStep('card', call('POST', 'card'));

const engine = await createEngine({ workflows: [workflow], store: file, allowHosts: [host], env: {} });
const run = await engine.start('trip', {}, { runId: 'trip' });
await run.result().catch(() => undefined);
await engine.close();
