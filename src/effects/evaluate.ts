/** Effects without I/O of ours: see `machines/evaluate.ts`, which also runs them under plain XState. */
import type { EffectResult } from '../core/effect.ts';
import { evaluateEffect } from '../../machines/evaluate.ts';
import type { EffectCall } from './call.ts';

export function evaluate(call: EffectCall): Promise<EffectResult> {
  const { services } = call;
  return evaluateEffect(call.input, {
    signal: call.signal,
    loader: call.loader,
    ...(call.given === undefined ? {} : { given: call.given }),
    now: () => services.clock.now(),
    onHandlerError: (error) => {
      services.logger.error('a handler of the workflow threw; the run goes on', {
        run: call.input.context.run.id,
        error: error instanceof Error ? error.message : String(error),
      });
    },
  });
}
