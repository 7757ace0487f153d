/** The loops around a step: which round it is in, and of which item. */
import type { RunContext } from './context.ts';
import { stepInfo, type Program } from './program.ts';
import type { StoredReader } from './stored-reader.ts';

export interface LoopLevel {
  readonly index: number;
  readonly as: string | null;
  item(reader: StoredReader, rest: readonly string[]): unknown;
  parent(): LoopLevel | null;
}

/** Where the condition of a `while` or `until` loop stands: in the loop itself. */
export const ownLoop = -1;

/**
 * The loops around a step, innermost first: inline loops of this run, then the loop whose round this run is, and so on outward.
 * `depth`: how many of the inline ones to leave out; {@link ownLoop}: the step, a loop, is the innermost.
 */
export function loopLevel(program: Program, context: RunContext, step: number | null, depth: number): LoopLevel | null {
  const inline = step === null ? undefined : depth === ownLoop ? step : stepInfo(program, step).loops[depth];
  if (inline !== undefined) {
    const rounds = context.steps.get(inline)?.rounds ?? 0;
    const { step: loop } = stepInfo(program, inline);
    // A `while` is looked at before the round that it is about, all else within or after it.
    const isAhead = depth === ownLoop && loop.type === 'loop' && loop.mode === 'while';
    return {
      index: isAhead ? rounds : Math.max(0, rounds - 1),
      as: null,
      item: () => undefined,
      parent: () => loopLevel(program, context, step, depth + 1),
    };
  }
  const { round, outer } = context;
  if (round === null || program.loop === null) return null;
  return {
    index: round.index,
    as: program.loop.step.as,
    item: (reader, rest) => reader(round.item, rest, context.run.id, undefined, 'loop.item'),
    parent: () => (outer === null ? null : loopLevel(outer.program, outer.context, outer.loop, 0)),
  };
}
