/** Tables of what workflows mean: each case runs on the engine and as a plain XState machine, and both have to agree. */
import { expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import type { MockTable } from './mocks.ts';
import { statuses, type RunOutcome } from './outcome.ts';
import { runPlain } from './run-plain.ts';
import { runOnEngine } from './test-engine.ts';
import { bySequence, traceOf } from './trace.ts';

export interface Case {
  readonly name: string;
  /** Made anew for each way when it is a function. */
  readonly flow: WorkflowDefinition | (() => WorkflowDefinition);
  readonly input?: unknown;
  readonly mocks?: MockTable;
  readonly env?: Readonly<Record<string, string>>;
  /** @default 'completed' */
  readonly status?: 'completed' | 'failed' | 'cancelled';
  readonly output?: unknown;
  /** Of the error: these fields. */
  readonly error?: object;
  /** Of the steps, in order, joined by commas: `start a, done a`. See trace.ts. */
  readonly trace?: string;
  /** How often each agent or URL was called. */
  readonly calls?: Readonly<Record<string, number>>;
  readonly elapsedMs?: number;
  /** Of these steps. */
  readonly statuses?: Readonly<Record<string, string>>;
  /** More to be seen, on either way. */
  readonly check?: (outcome: RunOutcome) => void;
}

export function bothWays(cases: readonly Case[]): void {
  test.each(cases)('$name', async (each) => {
    const definition = (): WorkflowDefinition => (typeof each.flow === 'function' ? each.flow() : each.flow);
    const env = each.env === undefined ? {} : { env: each.env };
    const onEngine = await runOnEngine(definition(), each.input, each.mocks, env);
    expectCase(each, onEngine);
    const plain = await runPlain(definition(), each.input, each.mocks, env);
    expectCase(each, plain);
    expectSame(onEngine, plain);
  });
}

function expectCase(each: Case, outcome: RunOutcome): void {
  const { status = 'completed' } = each;
  if (outcome.status !== status)
    throw new Error(`the run is ${outcome.status}, not ${status}: ${outcome.error?.message ?? ''}`);
  if ('output' in each) expect(outcome.output).toEqual(each.output);
  if (each.error !== undefined) expect(outcome.error).toMatchObject(each.error);
  if (each.trace !== undefined) expect(traceOf(outcome.events).join(', ')).toBe(each.trace);
  if (each.calls !== undefined) expect(outcome.mocks.counts).toEqual(each.calls);
  if (each.elapsedMs !== undefined) expect(outcome.elapsedMs).toBe(each.elapsedMs);
  if (each.statuses !== undefined) expect(statuses(outcome)).toMatchObject(each.statuses);
  each.check?.(outcome);
}

export function expectSame(onEngine: RunOutcome, plain: RunOutcome): void {
  expect(plain.output).toEqual(onEngine.output);
  expect(plain.error?.message).toEqual(onEngine.error?.message);
  expect(bySequence(plain.program, plain.events)).toEqual(bySequence(onEngine.program, onEngine.events));
  expect(plain.mocks.counts).toEqual(onEngine.mocks.counts);
  expect(plain.elapsedMs).toBe(onEngine.elapsedMs);
  expect(statuses(plain)).toEqual(statuses(onEngine));
}
