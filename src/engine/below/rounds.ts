/**
 * The rounds of an items loop: each is a run of its own with its own small history, found by its id after a crash, so that
 * what was finished stays finished. Owns starting, counting and collecting; a round is driven like any run.
 */
import type { ActiveEffect } from '../../core/advance.ts';
import { EffectResult } from '../../core/effect.ts';
import { failedWhere, InvariantError, StoredError, WorkflowError, type ErrorData } from '../../core/errors.ts';
import { readOwn } from '../../expressions/path.ts';
import type { RunRow } from '../../core/run.ts';
import type { StoredValue } from '../../core/stored-value.ts';
import type { LoopStep } from '../../definition/definition.ts';
import type { LoggedWrite, OuterRun } from '../../../machines/context.ts';
import { roundPrefix, type EffectInput } from '../../../machines/effect-input.ts';
import { resolveItems } from '../../../machines/items.ts';
import { recordOf } from '../../../machines/record.ts';
import type { CompiledWorkflow } from '../../../machines/workflow.ts';
import { StoredOutput } from '../dispatch/results.ts';
import type { RunDriver } from '../drive/driver.ts';
import type { TrackingLoader } from '../dispatch/values.ts';

/** A run that begins as a part of a loop: a round, or what undoes one. */
export interface LoopPart {
  readonly id: string;
  readonly compiled: CompiledWorkflow;
  /** What is around it; of what undoes a round also the round itself. */
  readonly outer: OuterRun;
  readonly parent: RunDriver;
  readonly step: string;
  readonly visit: number;
  /** Seq of the parent's event by which the loop, or its undoing, began. */
  readonly seq: number;
}

export interface RoundStart extends LoopPart {
  readonly index: number;
  readonly item: StoredValue;
}

export type RoundOutcome =
  | { readonly status: 'completed'; readonly writes: readonly LoggedWrite[]; readonly isBreak: boolean }
  | { readonly status: 'failed' | 'cancelled'; readonly error: ErrorData };

export interface RoundPorts {
  /** Whether the run has rounds in the store already: it was interrupted. */
  hasRounds(run: string): boolean;
  /** Starts the round, goes on with it, or gives how it ended, if it is in the store. */
  run(start: RoundStart, mayExist: boolean, signal: AbortSignal): Promise<RoundOutcome>;
}

/** How a round ended that is in the store. */
export function storedOutcome({ id, status, output, error }: RunRow): RoundOutcome {
  if (status === 'completed') {
    const beside = output !== null && 'w' in output ? output.w : null;
    return {
      status,
      writes: (beside?.writes ?? []) as readonly LoggedWrite[],
      isBreak: beside?.isBreak ?? false,
    };
  }
  if ((status === 'failed' || status === 'cancelled') && error !== null) return { status, error };
  throw new InvariantError(`round '${id}' is ${status}, and says no more`);
}

/** Items whose JSON is longer are referenced by their rounds, not copied. */
const maxInlineItem = 256;

export async function runRounds(
  ports: RoundPorts,
  driver: RunDriver,
  effect: ActiveEffect,
  signal: AbortSignal,
  loader: TrackingLoader,
): Promise<EffectResult> {
  const input = effect.input as EffectInput;
  const { info } = input;
  const compiled = info === null ? undefined : driver.compiled.bodies.get(info.index);
  if (info?.step.type !== 'loop' || compiled === undefined)
    throw new InvariantError(`effect '${effect.id}' is not an items loop`);
  const { step, index: loop } = info;
  const items = resolveItems(input, loader);
  const refer = itemReference(input, step, items, loader);
  const outer: OuterRun = { program: input.program, context: input.context, loop };
  const prefix = roundPrefix(input);
  const mayExist = ports.hasRounds(driver.id);
  const tally = new Tally(step);
  const inner = new AbortController();
  const stop = (): void => {
    inner.abort(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  let next = 0;
  // A round that ends by 'break' lets no further round begin.
  let isBroken = false;
  const work = async (): Promise<void> => {
    while (next < items.length && !isBroken && !inner.signal.aborted) {
      const index = next++;
      const start: RoundStart = {
        id: `${prefix}${index}`,
        compiled,
        outer,
        parent: driver,
        step: step.id,
        visit: input.visit,
        seq: effect.seq,
        index,
        item: refer(index),
      };
      const outcome = await ports.run(start, mayExist, inner.signal);
      isBroken ||= outcome.status === 'completed' && outcome.isBreak;
      tally.add(index, outcome);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(step.concurrency, items.length) }, work));
  } catch (error) {
    // One round's failure ends the loop: the rounds under way are cancelled.
    inner.abort(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return tally.result(prefix, next);
}

/** Collects how the rounds ended: only what is out of the ordinary is held. */
class Tally {
  readonly #step: LoopStep;
  readonly #failed = new Map<number, ErrorData>();
  readonly #writes = new Map<number, readonly LoggedWrite[]>();

  constructor(step: LoopStep) {
    this.#step = step;
  }

  add(index: number, outcome: RoundOutcome): void {
    if (outcome.status === 'completed') {
      if (outcome.writes.length > 0) this.#writes.set(index, outcome.writes);
      return;
    }
    if (this.#step.onItemError === 'fail') {
      const { error } = outcome;
      throw new WorkflowError('STEPS_FAILED', `round ${index} of loop '${this.#step.id}' ${failedWhere(error)}`, {
        retryable: false,
        details: { index, cause: error.code },
        cause: new StoredError(error),
      });
    }
    this.#failed.set(index, outcome.error);
  }

  result(prefix: string, count: number): EffectResult {
    const failed = [...this.#failed.keys()].sort((a, b) => a - b);
    const left =
      failed.length === 0 ? {} : this.#step.onItemError === 'skip' ? { without: failed } : { absent: failed };
    const errors = Object.fromEntries([...this.#failed].map(([index, error]) => [String(index), error]));
    const roundWrites = [...this.#writes].sort(([a], [b]) => a - b).map(([, writes]) => writes);
    return new EffectResult(new StoredOutput({ n: { prefix, count, ...left } }), {
      metadata: { rounds: count, ...(failed.length === 0 ? {} : { errors }) },
      roundWrites: roundWrites.length === 0 ? undefined : roundWrites,
    });
  }
}

/** Where the rounds find their item: small ones are copied, others referenced where the whole list is stored. */
function itemReference(
  input: EffectInput,
  step: LoopStep,
  items: readonly unknown[],
  loader: TrackingLoader,
): (index: number) => StoredValue {
  const list = listReference(input, step, items, loader);
  return (index) => {
    const item = items[index];
    if (list === null || (JSON.stringify(item) ?? '').length <= maxInlineItem) return { v: item ?? null };
    return { r: { ...list, path: [...(list.path ?? []), index] } };
  };
}

function listReference(input: EffectInput, step: LoopStep, items: readonly unknown[], loader: TrackingLoader) {
  const run = input.context.run.id;
  const held = recordOf(input.context, input.step as number).held;
  if (held !== undefined) return 'r' in held ? { ...held.r, run: held.r.run ?? run } : null;
  const [path] = step.items?.kind === 'template' ? step.items.template.paths : [];
  if (path === undefined) return null;
  for (const [value, stored] of loader.known) {
    if (!('r' in stored)) continue;
    for (let from = 1; from <= path.segments.length; from++) {
      if (readOwn(value, path.segments, from) === items)
        return { ...stored.r, run: stored.r.run ?? run, path: path.segments.slice(from) };
    }
  }
  return null;
}
