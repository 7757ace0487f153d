/**
 * The named delays of compiled machines, in milliseconds: `timeout:<step>`, `total:`, `backoff:`, `wait:`, `poll:`, `maxWait:`, `timeout:$run`.
 * The timers of a process hold no more than 2^31 - 1 ms (24.8 days), and fire at once beyond that. The engine keeps delays of any length
 * itself; under plain XState a pause is made of stretches (`wait.ts`), everything else is cut to what a timer holds.
 */
import type { RunContext } from './context.ts';
import type { Program } from './program.ts';
import { recordOf } from './record.ts';

/** The longest delay that `setTimeout` takes, in milliseconds. */
export const maxTimerMs = 2_147_483_647;

type Delay = (args: { readonly context: RunContext }) => number;

export function createDelays(program: Program): Record<string, Delay> {
  const delays: Record<string, Delay> = {};
  const add = (name: string, delayMs: number | Delay): void => {
    delays[name] = (args) => {
      const ms = typeof delayMs === 'number' ? delayMs : delayMs(args);
      return args.context.isPlain ? Math.min(ms, maxTimerMs) : ms;
    };
  };
  const { timeoutMs } = program.definition;
  if (timeoutMs !== null) add('timeout:$run', timeoutMs);
  for (const { step, index } of program.steps) {
    if (step.timeoutMs !== null) add(`timeout:${step.id}`, step.timeoutMs);
    if (step.totalTimeoutMs !== null) add(`total:${step.id}`, step.totalTimeoutMs);
    if (step.retry !== null) add(`backoff:${step.id}`, ({ context }) => recordOf(context, index).backoffMs ?? 0);
    if (step.type !== 'wait') continue;
    if (step.maxWaitMs !== null) add(`maxWait:${step.id}`, step.maxWaitMs);
    add(`wait:${step.id}`, ({ context }) => recordOf(context, index).stretchMs ?? 0);
    add(`poll:${step.id}`, ({ context }) => {
      const isFirst = (recordOf(context, index).rounds ?? 0) <= 1;
      return isFirst && typeof step.duration === 'number' ? step.duration : step.pollIntervalMs;
    });
  }
  return delays;
}
