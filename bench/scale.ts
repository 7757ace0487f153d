/** How costs grow: wide parallel steps, long runs, big loops, big definitions. Each prints one JSON line. */
import { join } from 'node:path';
import { createEngine } from '../src/engine/create-engine.ts';
import { silentLogger } from '../src/engine/default-ports.ts';
import { parseDefinition, type WorkflowDefinition } from '../src/definition/index.ts';
import { compileWorkflow } from '../machines/workflow.ts';
import { kernelOf } from '../machines/kernel-of.ts';
import { round, sequence, withFolder } from './support.ts';

function define(data: unknown): WorkflowDefinition {
  const result = parseDefinition(data);
  if (result.definition === undefined) throw new Error(JSON.stringify(result.issues.slice(0, 3)));
  return result.definition;
}

/** Needs `node --expose-gc`, as `npm run bench` has it. */
function liveBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run it with node --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

async function timeRun(flow: WorkflowDefinition, file: string, input: unknown): Promise<number> {
  const engine = await createEngine({
    workflows: [flow],
    store: file,
    env: {},
    logger: silentLogger,
    limits: { maxEffects: 10_000 },
  });
  const start = performance.now();
  const run = await engine.start(flow, input);
  await run.result();
  const ms = performance.now() - start;
  await engine.close();
  return ms;
}

/** One parallel step of `count` branches with timeouts and retries; ms per finished branch, the best of some runs: others use the machine, too. */
export async function wideParallel(
  count: number,
): Promise<{ readonly branches: number; readonly msPerBranch: number }> {
  const branch = (i: number) => ({
    id: `b${i}`,
    type: 'transform',
    template: { i, text: '{{workflow.input.text}}' },
    timeout: 60_000,
    retry: { maxAttempts: 2 },
  });
  const flow = define({
    id: `parallel-${count}`,
    steps: [{ id: 'p', type: 'parallel', steps: Array.from({ length: count }, (_, i) => branch(i)) }],
  });
  return withFolder(async (folder) => {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 6; i++) best = Math.min(best, await timeRun(flow, join(folder, `${i}.db`), { text: 'x' }));
    return { branches: count, msPerBranch: round(best / count, 3) };
  });
}

/** One run of `count` steps; ms per step. */
export async function longRun(
  count: number,
  repeat = 1,
): Promise<{ readonly steps: number; readonly msPerStep: number; readonly compileMs: number }> {
  const flow = sequence(count);
  const compileStart = performance.now();
  kernelOf(compileWorkflow(flow));
  const compileMs = performance.now() - compileStart;
  return withFolder(async (folder) => {
    let ms = 0;
    for (let i = 0; i < repeat; i++) ms += await timeRun(flow, join(folder, `${i}.db`), {});
    return { steps: count, msPerStep: round(ms / repeat / count, 4), compileMs: round(compileMs) };
  });
}

/** A loop over `count` items; ms per item, and how far what lives on the heap grew meanwhile (looked at by collecting garbage). */
export async function bigLoop(
  count: number,
  maxConcurrency: number,
): Promise<{ readonly items: number; readonly msPerItem: number; readonly liveMB: number }> {
  const flow = define({
    id: 'big-loop',
    steps: [
      {
        id: 'all',
        type: 'loop',
        items: '{{workflow.input.items}}',
        parallel: true,
        maxConcurrency,
        step: { id: 'one', type: 'transform', template: { n: '{{loop.item}}', i: '{{loop.index}}' } },
      },
    ],
  });
  return withFolder(async (folder) => {
    const items = Array.from({ length: count }, (_, i) => i);
    const ms = await timeRun(flow, join(folder, 'loop.db'), { items });
    const before = liveBytes();
    let most = before;
    const looking = setInterval(() => (most = Math.max(most, liveBytes())), 100);
    await timeRun(flow, join(folder, 'again.db'), { items });
    clearInterval(looking);
    return { items: count, msPerItem: round(ms / count, 3), liveMB: round((most - before) / 1e6, 1) };
  });
}

/** From data to a machine, for a definition of `count` steps. */
export function bigDefinition(count: number): {
  readonly steps: number;
  readonly parseMs: number;
  readonly compileMs: number;
} {
  const steps = Array.from({ length: count }, (_, i) => ({
    id: `s${i}`,
    type: 'transform',
    template: { previous: i === 0 ? '{{workflow.input.x}}' : `{{steps.s${i - 1}.output}}` },
    ...(i === 0
      ? {}
      : { condition: `{{steps.s${i - 1}.output.previous}} !== "stop" && {{workflow.input.n}} > ${i - 5}` }),
    retry: { maxAttempts: 3 },
    timeout: 1000,
  }));
  const start = performance.now();
  const flow = define({ id: 'big', steps });
  const parsed = performance.now();
  kernelOf(compileWorkflow(flow));
  return { steps: count, parseMs: round(parsed - start), compileMs: round(performance.now() - parsed) };
}
