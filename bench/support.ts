/** Shared by the benchmarks: temporary folders, definitions of n steps, statistics. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkflow, type WorkflowDefinition } from '../src/definition/index.ts';

/** Runs with a folder that is removed afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'dank-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const text100 = 'x'.repeat(100);

/** `count` transforms one after another, each giving `{ i, text }` of some 100 characters. */
export function sequence(count: number): WorkflowDefinition {
  let flow = createWorkflow(`sequence-${count}`) as unknown as {
    addStep(id: string, step: object): typeof flow;
    build(): WorkflowDefinition;
  };
  for (let i = 0; i < count; i++)
    flow = flow.addStep(`s${i}`, { type: 'transform', transform: () => ({ i, text: text100 }) });
  return flow.build();
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
