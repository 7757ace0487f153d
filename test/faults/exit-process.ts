/**
 * A process whose second step ends it, once: `node exit-process.ts FILE HOW`. A process that finds the run begun goes on with it,
 * and ends with 0 when the run has completed. That the first one was here is noted beside the store.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createWorkflow } from '../../src/definition/index.ts';
import { createEngine } from '../../src/engine/create-engine.ts';

const [file = '', how = ''] = process.argv.slice(2);
const mark = `${file}.mark`;

function end(): void {
  if (existsSync(mark)) return;
  writeFileSync(mark, '');
  if (how === 'exit') process.exit(7);
  else if (how === 'unhandled rejection') void Promise.reject(new Error('nobody waits for it'));
  else
    setTimeout(() => {
      throw new Error('nobody catches it');
    });
}

const workflow = createWorkflow('ends')
  .addStep('a', { type: 'transform', transform: () => 1 })
  .addStep('b', {
    type: 'transform',
    transform: async () => {
      end();
      // The end of the process comes first.
      await new Promise((resolve) => setTimeout(resolve, existsSync(mark) ? 200 : 0));
      return 2;
    },
  })
  .addStep('c', { type: 'transform', transform: () => 3 });

const engine = await createEngine({ workflows: [workflow], store: file, env: {} });
const run = await engine.start('ends', {}, { runId: 'run' });
await run.result();
await engine.close();
