/**
 * What follows a step's work before the step is over. After success: handlers, `assign`. After failure: `onStepError`, then
 * `onError` (a recovery step, an output in its place).
 */
import { states, type Named, type NodeConfig, type Transition } from './node-config.ts';
import { isPureExpression } from './purity.ts';
import type { StepBasis } from './step-basis.ts';

export class Aftermath {
  readonly #basis: StepBasis;

  constructor(basis: StepBasis) {
    this.#basis = basis;
  }

  // After success: handlers, then `assign`.

  get #hasAssign(): boolean {
    return this.#basis.info.step.assign.some(
      (each) => each.kind !== 'expr' || !isPureExpression(this.#basis.program, each.condition),
    );
  }

  get afterSuccess(): string {
    return this.#basis.info.handlers.complete.length > 0 ? '$handling' : this.#afterHandling;
  }

  get #afterHandling(): string {
    return this.#hasAssign ? '$assigning' : '$completed';
  }

  /** @param failures where a side effect that failed leads */
  success(failures: readonly Transition[]): Record<string, NodeConfig> {
    const handled = this.#basis.action(this.#afterHandling === '$completed' ? 'complete' : 'answer', { by: 'handled' });
    return {
      ...(this.#basis.info.handlers.complete.length > 0
        ? this.#basis.sideEffect(
            '$handling',
            'complete',
            'handlers',
            [{ target: this.#afterHandling, actions: [handled] }],
            failures,
          )
        : {}),
      ...(this.#hasAssign
        ? this.#basis.sideEffect(
            '$assigning',
            'assign',
            'evaluate',
            [{ target: '$completed', actions: [this.#basis.action('complete', { by: 'assigned' })] }],
            [
              // What mended the failure is not asked again.
              {
                guard: this.#basis.action('isMending'),
                target: '$failed',
                actions: [this.#basis.action('fail', { by: 'event' })],
              },
              // A constant output leads here again.
              ...failures.map((each) =>
                each.target === this.#basis.at('$assigning') ? { ...each, reenter: true } : each,
              ),
            ],
          )
        : {}),
    };
  }

  // After failure: `onStepError`, then `onError`.

  get afterFailure(): string {
    return this.#basis.info.handlers.error.length > 0 ? '$recovering' : this.#afterRecovering;
  }

  get #afterRecovering(): string {
    const { onError } = this.#basis.info.step;
    if (onError.kind === 'recover') return '$recovery';
    if (onError.kind === 'output') return onError.value.constant ? this.#afterHandling : '$substituting';
    return '$failed';
  }

  /** Settles the failure on the way to a state: an end, or another attempt to mend it. */
  fail(target: string, params: Readonly<Record<string, unknown>>): readonly Named[] {
    if (target === '$failed') return [this.#basis.action('fail', params)];
    if (target === this.#afterHandling) return [this.#basis.action('note', params), this.#settle('constant')];
    return [this.#basis.action('note', params)];
  }

  failure(): Record<string, NodeConfig> {
    const { step, handlers } = this.#basis.info;
    const next = this.#afterRecovering;
    const resolved: readonly Transition[] = [{ target: next, actions: this.fail(next, { by: 'noted' }) }];
    const recovery = step.onError.kind === 'recover' ? this.#basis.program.byId.get(step.onError.step.id) : undefined;
    return states({
      $recovering:
        handlers.error.length === 0
          ? null
          : {
              invoke: this.#basis.invoke('error', 'handlers', {
                onDone: [
                  { guard: { type: 'isGiven' }, target: this.#afterHandling, actions: [this.#settle('recovered')] },
                  ...resolved,
                ],
                onError: [{ target: next, actions: this.fail(next, { by: 'event' }) }],
              }),
            },
      $recovery:
        recovery === undefined
          ? null
          : this.#basis.nested(recovery, [
              { target: this.#basis.at(this.#afterHandling), actions: [this.#settle('child', { child: recovery })] },
            ]),
      $substituting:
        step.onError.kind !== 'output' || step.onError.value.constant
          ? null
          : {
              invoke: this.#basis.invoke('substitute', 'evaluate', {
                onDone: [{ target: this.#afterHandling, actions: [this.#settle('recovered')] }],
                onError: [{ target: '$failed', actions: [this.#basis.action('fail', { by: 'event' })] }],
              }),
            },
    });
  }

  #settle(by: string, params: Readonly<Record<string, unknown>> = {}): Named {
    return this.#basis.action(this.#afterHandling === '$completed' ? 'complete' : 'answer', { by, ...params });
  }
}
