/** A run's context for another run to go on with: its references say whose they are. */
import { absoluteValue, type StoredValue } from '../src/core/stored-value.ts';
import type { RunContext, StepRecord, UndoEntry } from './context.ts';
import { StepTable } from './step-table.ts';

export function absolute(context: RunContext): RunContext {
  const { id } = context.run;
  const value = (stored: StoredValue): StoredValue => absoluteValue(stored, id);
  const record = (each: StepRecord): StepRecord => ({
    ...each,
    ...(each.output === undefined ? {} : { output: value(each.output) }),
    ...(each.metadata === undefined ? {} : { metadata: value(each.metadata) }),
    ...(each.held === undefined ? {} : { held: value(each.held) }),
    ...(each.outputs === undefined ? {} : { outputs: each.outputs.map(value) }),
  });
  const entry = ({ seen, ...rest }: UndoEntry): UndoEntry => {
    if (seen === undefined) return rest;
    return { ...rest, seen: { ...seen, steps: seen.steps.map(([index, each]) => [index, record(each)] as const) } };
  };
  return {
    ...context,
    input: value(context.input),
    steps: StepTable.from([...context.steps.entries()].map(([index, each]) => [index, record(each)] as const)),
    round: context.round === null ? null : { ...context.round, item: value(context.round.item) },
    undo: context.undo.map(entry),
  };
}
