/**
 * The life of a step, the same small statechart for every type:
 *
 *   [$queued] [$pending] [$deciding] [$starting] -> $running <-> [$backoff] -> [$handling] [$assigning] -> $completed
 *                  `-> $skipped                        `-> [$recovering] [$recovery] [$substituting] -> $completed | $failed
 *
 * States in brackets exist only where the step can be in them. Owns this life up to the end of the work (`aftermath.ts` goes on);
 * what `$running` holds is the type's own (`effect.ts`, `sequence.ts`, `parallel.ts`, ...), where a step leads when it is over is
 * its container's.
 */
import type { Decision } from '../src/definition/definition.ts';
import { Aftermath } from './aftermath.ts';
import { states, type Named, type NodeConfig, type Transition } from './node-config.ts';
import { stepInfo, type StepInfo } from './program.ts';
import { StepBasis } from './step-basis.ts';
import {
  conditionGuard,
  isGuard,
  isTolerant,
  type Body,
  type Endings,
  type Exits,
  type Queue,
  type StepMaker,
} from './step.ts';

export function stepNode(maker: StepMaker, body: Body, index: number, exits: Exits, queue?: Queue): NodeConfig {
  const info = stepInfo(maker.program, index);
  return new Life(maker, info, exits, body, queue).node();
}

class Life {
  readonly #basis: StepBasis;
  readonly #exits: Exits;
  readonly #body: Body;
  readonly #queue: Queue | undefined;
  readonly #aftermath: Aftermath;

  constructor(maker: StepMaker, info: StepInfo, exits: Exits, body: Body, queue: Queue | undefined) {
    this.#queue = queue;
    this.#basis = new StepBasis(maker, info);
    this.#aftermath = new Aftermath(this.#basis);
    this.#exits = exits;
    this.#body = body;
  }

  get #info(): StepInfo {
    return this.#basis.info;
  }

  /** A branch that waits in a queue takes its slot as it is entered. */
  #enter(type: 'pend' | 'begin'): Named {
    return this.#basis.action(type, this.#queue === undefined ? {} : { slot: true });
  }

  get #canSkip(): boolean {
    return this.#info.isBranch || this.#info.step.condition !== null;
  }

  /** The visit begins before the work does. */
  get #hasGate(): boolean {
    return this.#canSkip || this.#info.handlers.start.length > 0;
  }

  get #afterGate(): string {
    return this.#info.handlers.start.length > 0 ? '$starting' : '$running';
  }

  get #first(): string {
    return this.#hasGate ? '$pending' : this.#afterGate;
  }

  node(): NodeConfig {
    const { step, handlers } = this.#info;
    const queue = this.#queue === 'left' ? undefined : this.#queue;
    const node: NodeConfig = {
      id: step.id,
      initial: queue === undefined ? this.#first : '$queued',
      states: states({
        $queued: queue === undefined ? null : { always: [{ ...queue, target: this.#first }] },
        $pending: this.#hasGate ? this.#pending() : null,
        ...this.#deciding(),
        ...(handlers.start.length > 0
          ? this.#basis.sideEffect(
              '$starting',
              'start',
              'handlers',
              [{ target: '$running', actions: [this.#basis.action('wrote')] }],
              [this.#endings.failure('event')],
            )
          : {}),
        $running: this.#running(),
        $backoff: this.#backoff(),
        ...this.#aftermath.success([this.#endings.failure('event')]),
        ...this.#aftermath.failure(),
        $completed: { type: 'final', entry: [this.#basis.action('tellCompleted')] },
        $skipped: this.#canSkip ? { type: 'final' } : null,
        $failed: this.#failed(),
      }),
      onDone: this.#exits.onDone,
      meta: { step: step.id, type: step.type === 'custom' ? step.name : step.type },
    };
    if (step.totalTimeoutMs === null) return node;
    const mended: Transition = {
      guard: this.#basis.action('isMending'),
      target: '.$failed',
      actions: [...this.#cancelInside, this.#basis.action('fail', { by: 'total' })],
    };
    return {
      ...node,
      after: {
        [`total:${step.id}`]: [mended, this.#endings.failure('total', { guard: this.#basis.action('isUnsettled') })],
      },
    };
  }

  // The gate: chosen by its router, and its own condition.

  #pending(): NodeConfig {
    const { step, isBranch } = this.#info;
    const always: Transition[] = [];
    if (isBranch)
      always.push({ guard: this.#basis.action('isNotChosen'), target: '$skipped', actions: this.#skip('not chosen') });
    if (step.condition === null) always.push({ target: this.#afterGate });
    else if (this.#isGuarded(step.condition)) {
      always.push({
        guard: conditionGuard(step.condition.condition.source, this.#info.index, 'condition'),
        target: this.#afterGate,
      });
      always.push({ target: '$skipped', actions: this.#skip('condition') });
    } else always.push({ target: '$deciding' });
    return { entry: [this.#enter('pend')], always };
  }

  /** A compensation is decided by an effect: a guard that throws would end the run, and the other compensations with it. */
  #isGuarded(decision: Decision): decision is Extract<Decision, { kind: 'expression' }> {
    return !this.#info.isCompensation && isGuard(this.#basis.program, decision);
  }

  #skip(why: string): readonly Named[] {
    return [this.#basis.action('skip'), this.#basis.action('tellSkipped', { why })];
  }

  #deciding(): Record<string, NodeConfig> {
    const { condition } = this.#info.step;
    if (condition === null || this.#isGuarded(condition)) return {};
    const decided: readonly Transition[] = [
      { guard: { type: 'isTrue' }, target: this.#afterGate },
      { target: '$skipped', actions: this.#skip('condition') },
    ];
    return this.#basis.sideEffect('$deciding', 'decide', 'evaluate', decided, [this.#endings.failure('event')]);
  }

  // The work.

  #running(): NodeConfig {
    const { step } = this.#info;
    const body = this.#body(this.#basis.maker, this.#info, this.#endings);
    const timeout = step.timeoutMs === null ? {} : { [`timeout:${step.id}`]: this.#endings.attemptFailure('timeout') };
    const after = { ...timeout, ...body.after };
    return {
      ...body,
      entry: [this.#enter('begin'), this.#basis.action('tellStarted'), ...(body.entry ?? [])],
      ...(Object.keys(after).length === 0 ? {} : { after }),
    };
  }

  #backoff(): NodeConfig | null {
    if (!this.#basis.hasRetry) return null;
    return {
      entry: [this.#basis.action('tellRetrying')],
      after: { [`backoff:${this.#info.step.id}`]: [{ target: '$running' }] },
    };
  }

  get #endings(): Endings {
    return {
      success: (by, more = {}) => {
        const target = this.#aftermath.afterSuccess;
        const settle = this.#basis.action(target === '$completed' ? 'complete' : 'answer', { by });
        return {
          ...(more.guard === undefined ? {} : { guard: more.guard }),
          target: this.#basis.at(target),
          actions: [...(more.actions ?? []), settle],
        };
      },
      failure: (by, more = {}) => {
        const target = this.#aftermath.afterFailure;
        const child = more.child === undefined ? {} : { child: more.child };
        return {
          ...(more.guard === undefined ? {} : { guard: more.guard }),
          target: this.#basis.at(target),
          actions: [...(more.actions ?? []), ...this.#cancelInside, ...this.#aftermath.fail(target, { by, ...child })],
        };
      },
      attemptFailure: (by, child) => {
        const inner = child === undefined ? {} : { child };
        const failure = this.#endings.failure(by, inner);
        if (!this.#basis.hasRetry) return [failure];
        const params = { by, ...inner };
        const again = [...this.#cancelInside, this.#basis.action('retry', params)];
        return [
          { guard: this.#basis.action('mayRetry', params), target: this.#basis.at('$backoff'), actions: again },
          failure,
        ];
      },
    };
  }

  /** What is under way inside a step is over with it. */
  get #cancelInside(): readonly Named[] {
    const next = this.#basis.program.steps[this.#info.index + 1];
    return next?.parent === this.#info.index && !next.isCompensation ? [this.#basis.action('cancelOpen')] : [];
  }

  #failed(): NodeConfig {
    const entry = [this.#basis.action('tellFailed')];
    const { failed } = this.#exits;
    if (failed === null || isTolerant(this.#info.step)) return { type: 'final', entry };
    return { entry, always: failed };
  }
}
