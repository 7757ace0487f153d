/** The named delays of compiled machines, in milliseconds: `timeout:<step>`, `total:`, `backoff:`, `wait:`, `poll:`, `maxWait:`, `timeout:$run`. */
import type { RunContext } from './context.ts';
import type { Program } from './program.ts';
import { recordOf } from './record.ts';

type Delay = number | ((args: { readonly context: RunContext }) => number);

export function createDelays(program: Program): Record<string, Delay> {
  const delays: Record<string, Delay> = {};
  const { timeoutMs } = program.definition;
  if (timeoutMs !== null) delays['timeout:$run'] = timeoutMs;
  for (const { step, index } of program.steps) {
    if (step.timeoutMs !== null) delays[`timeout:${step.id}`] = step.timeoutMs;
    if (step.totalTimeoutMs !== null) delays[`total:${step.id}`] = step.totalTimeoutMs;
    if (step.retry !== null) delays[`backoff:${step.id}`] = ({ context }) => recordOf(context, index).backoffMs ?? 0;
    if (step.type !== 'wait') continue;
    if (step.maxWaitMs !== null) delays[`maxWait:${step.id}`] = step.maxWaitMs;
    delays[`wait:${step.id}`] = ({ context }) => recordOf(context, index).stretchMs ?? 0;
    delays[`poll:${step.id}`] = ({ context }) => {
      const isFirst = (recordOf(context, index).rounds ?? 0) <= 1;
      return isFirst && typeof step.duration === 'number' ? step.duration : step.pollIntervalMs;
    };
  }
  return delays;
}
