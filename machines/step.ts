/**
 * The life of a step, the same small statechart for every type:
 *
 *   [$queued] [$pending] [$deciding] [$starting] -> $running <-> [$backoff] -> [$handling] [$assigning] -> $completed
 *                  `-> $skipped                        `-> [$recovering] [$recovery] [$substituting] -> $completed | $failed
 *
 * States in brackets exist only where the step can be in them. Owns this life; what `$running` holds is the type's own
 * (`effect.ts`, `sequence.ts`, `parallel.ts`, ...), where a step leads when it is over is its container's.
 */
import type { EffectKind } from '../src/core/event.ts';
import { EffectInput, effectId } from './effect-input.ts';
import { states, type Invoke, type Named, type NodeConfig, type Transition } from './node-config.ts';
import { stepInfo, type Program, type StepInfo } from './program.ts';
import { isPureExpression } from './scope.ts';
import type { Decision, Step } from '../src/definition/definition.ts';

/** What the container of a step does when the step is over. */
export interface Exits {
  /** Transitions of the step's state once it has reached a final state inside. */
  readonly onDone: readonly Transition[];
  /** Where a failure that nothing caught leads at once; null: `$failed` is final, like the other ends. */
  readonly failed: readonly Transition[] | null;
}

/** How a type's `$running` ends. */
export interface Endings {
  /** The work succeeded; `by` says how the output is made (see `actions.ts`). */
  success(by: string, more?: { readonly guard?: Named; readonly actions?: readonly Named[] }): Transition;
  /** The work failed for good; `by` says where the error is. */
  failure(
    by: string,
    more?: { readonly guard?: Named; readonly actions?: readonly Named[]; readonly child?: number },
  ): Transition;
  /** The work failed: perhaps once more. Under `$backoff` where the step has retries. The last one is `failure`. */
  attemptFailure(by: string, child?: number): readonly Transition[];
}

/** A type's `$running`, without its entry. */
export type Body = (maker: StepMaker, info: StepInfo, endings: Endings) => NodeConfig;

/** Of a branch that takes a slot: how it leaves its queue; `'left'`: it has, before its state is entered. */
export type Queue = Transition | 'left';

export interface StepMaker {
  readonly program: Program;
  /** The state of one step, with everything inside it. */
  step(index: number, exits: Exits, queue?: Queue): NodeConfig;
}

export function named(type: string, params: Readonly<Record<string, unknown>>): Named {
  return { type, params };
}

export function stepNode(maker: StepMaker, body: Body, index: number, exits: Exits, queue?: Queue): NodeConfig {
  const info = stepInfo(maker.program, index);
  return new Life(maker, info, exits, body, queue).node();
}

class Life {
  readonly #maker: StepMaker;
  readonly #program: Program;
  readonly #info: StepInfo;
  readonly #exits: Exits;
  readonly #body: Body;
  readonly #queue: Queue | undefined;

  constructor(maker: StepMaker, info: StepInfo, exits: Exits, body: Body, queue: Queue | undefined) {
    this.#maker = maker;
    this.#queue = queue;
    this.#program = maker.program;
    this.#info = info;
    this.#exits = exits;
    this.#body = body;
  }

  get #index(): number {
    return this.#info.index;
  }

  #action(type: string, params: Readonly<Record<string, unknown>> = {}): Named {
    return named(type, { step: this.#index, ...params });
  }

  /** A branch that waits in a queue takes its slot as it is entered. */
  #enter(type: 'pend' | 'begin'): Named {
    return this.#action(type, this.#queue === undefined ? {} : { slot: true });
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
          ? this.#sideEffect('$starting', 'start', 'handlers', [
              { target: '$running', actions: [this.#action('wrote')] },
            ])
          : {}),
        $running: this.#running(),
        $backoff: this.#backoff(),
        ...this.#success(),
        ...this.#failure(),
        $completed: { type: 'final', entry: [this.#action('tellCompleted')] },
        $skipped: this.#canSkip ? { type: 'final' } : null,
        $failed: this.#failed(),
      }),
      onDone: this.#exits.onDone,
      meta: { step: step.id, type: step.type === 'custom' ? step.name : step.type },
    };
    if (step.totalTimeoutMs === null) return node;
    const mended: Transition = {
      guard: this.#action('isMending'),
      target: '.$failed',
      actions: [...this.#cancelInside, this.#action('fail', { by: 'total' })],
    };
    return {
      ...node,
      after: { [`total:${step.id}`]: [mended, this.#endings.failure('total', { guard: this.#action('isUnsettled') })] },
    };
  }

  // The gate: chosen by its router, and its own condition.

  #pending(): NodeConfig {
    const { step, isBranch } = this.#info;
    const always: Transition[] = [];
    if (isBranch)
      always.push({ guard: this.#action('isNotChosen'), target: '$skipped', actions: this.#skip('not chosen') });
    if (step.condition === null) always.push({ target: this.#afterGate });
    else if (isGuard(this.#program, step.condition)) {
      always.push({
        guard: conditionGuard(step.condition.condition.source, this.#index, 'condition'),
        target: this.#afterGate,
      });
      always.push({ target: '$skipped', actions: this.#skip('condition') });
    } else always.push({ target: '$deciding' });
    return { entry: [this.#enter('pend')], always };
  }

  #skip(why: string): readonly Named[] {
    return [this.#action('skip'), this.#action('tellSkipped', { why })];
  }

  #deciding(): Record<string, NodeConfig> {
    const { condition } = this.#info.step;
    if (condition === null || isGuard(this.#program, condition)) return {};
    return this.#sideEffect('$deciding', 'decide', 'evaluate', [
      { guard: { type: 'isTrue' }, target: this.#afterGate },
      { target: '$skipped', actions: this.#skip('condition') },
    ]);
  }

  // The work.

  #running(): NodeConfig {
    const { step } = this.#info;
    const body = this.#body(this.#maker, this.#info, this.#endings);
    const timeout = step.timeoutMs === null ? {} : { [`timeout:${step.id}`]: this.#endings.attemptFailure('timeout') };
    const after = { ...timeout, ...body.after };
    return {
      ...body,
      entry: [this.#enter('begin'), this.#action('tellStarted'), ...(body.entry ?? [])],
      ...(Object.keys(after).length === 0 ? {} : { after }),
    };
  }

  get #hasRetry(): boolean {
    return (this.#info.step.retry?.maxAttempts ?? 1) > 1;
  }

  #backoff(): NodeConfig | null {
    if (!this.#hasRetry) return null;
    return {
      entry: [this.#action('tellRetrying')],
      after: { [`backoff:${this.#info.step.id}`]: [{ target: '$running' }] },
    };
  }

  get #endings(): Endings {
    return {
      success: (by, more = {}) => {
        const target = this.#afterSuccess;
        const settle = this.#action(target === '$completed' ? 'complete' : 'answer', { by });
        return {
          ...(more.guard === undefined ? {} : { guard: more.guard }),
          target: this.#at(target),
          actions: [...(more.actions ?? []), settle],
        };
      },
      failure: (by, more = {}) => {
        const target = this.#afterFailure;
        const child = more.child === undefined ? {} : { child: more.child };
        return {
          ...(more.guard === undefined ? {} : { guard: more.guard }),
          target: this.#at(target),
          actions: [...(more.actions ?? []), ...this.#cancelInside, ...this.#fail(target, { by, ...child })],
        };
      },
      attemptFailure: (by, child) => {
        const inner = child === undefined ? {} : { child };
        const failure = this.#endings.failure(by, inner);
        if (!this.#hasRetry) return [failure];
        const params = { by, ...inner };
        const again = [...this.#cancelInside, this.#action('retry', params)];
        return [{ guard: this.#action('mayRetry', params), target: this.#at('$backoff'), actions: again }, failure];
      },
    };
  }

  /** What is under way inside a step is over with it. */
  get #cancelInside(): readonly Named[] {
    const next = this.#program.steps[this.#index + 1];
    return next?.parent === this.#index ? [this.#action('cancelOpen')] : [];
  }

  #at(state: string): string {
    return `#${this.#info.step.id}.${state}`;
  }

  // After success: handlers, then `assign`.

  get #hasAssign(): boolean {
    return this.#info.step.assign.some(
      (each) => each.kind !== 'expr' || !isPureExpression(this.#program, each.condition),
    );
  }

  get #afterSuccess(): string {
    return this.#info.handlers.complete.length > 0 ? '$handling' : this.#afterHandling;
  }

  get #afterHandling(): string {
    return this.#hasAssign ? '$assigning' : '$completed';
  }

  #success(): Record<string, NodeConfig> {
    const handled = this.#action(this.#afterHandling === '$completed' ? 'complete' : 'answer', { by: 'handled' });
    return {
      ...(this.#info.handlers.complete.length > 0
        ? this.#sideEffect('$handling', 'complete', 'handlers', [{ target: this.#afterHandling, actions: [handled] }])
        : {}),
      ...(this.#hasAssign
        ? this.#sideEffect(
            '$assigning',
            'assign',
            'evaluate',
            [{ target: '$completed', actions: [this.#action('complete', { by: 'assigned' })] }],
            [
              // What mended the failure is not asked again.
              { guard: this.#action('isMending'), target: '$failed', actions: [this.#action('fail', { by: 'event' })] },
            ],
          )
        : {}),
    };
  }

  // After failure: `onStepError`, then `onError`.

  get #afterFailure(): string {
    return this.#info.handlers.error.length > 0 ? '$recovering' : this.#afterRecovering;
  }

  get #afterRecovering(): string {
    const { onError } = this.#info.step;
    if (onError.kind === 'recover') return '$recovery';
    if (onError.kind === 'output') return onError.value.constant ? this.#afterHandling : '$substituting';
    return '$failed';
  }

  /** Settles the failure on the way to a state: an end, or another attempt to mend it. */
  #fail(target: string, params: Readonly<Record<string, unknown>>): readonly Named[] {
    if (target === '$failed') return [this.#action('fail', params)];
    if (target === this.#afterHandling) return [this.#action('note', params), this.#settle('constant')];
    return [this.#action('note', params)];
  }

  #failure(): Record<string, NodeConfig> {
    const { step, handlers } = this.#info;
    const next = this.#afterRecovering;
    const resolved: readonly Transition[] = [{ target: next, actions: this.#fail(next, { by: 'noted' }) }];
    const recovery = step.onError.kind === 'recover' ? this.#program.byId.get(step.onError.step.id) : undefined;
    return states({
      $recovering:
        handlers.error.length === 0
          ? null
          : {
              invoke: this.#invoke('error', 'handlers', {
                onDone: [
                  { guard: { type: 'isGiven' }, target: this.#afterHandling, actions: [this.#settle('recovered')] },
                  ...resolved,
                ],
                onError: [{ target: next, actions: this.#fail(next, { by: 'event' }) }],
              }),
            },
      $recovery:
        recovery === undefined
          ? null
          : this.#nested(recovery, [
              { target: this.#at(this.#afterHandling), actions: [this.#settle('child', { child: recovery })] },
            ]),
      $substituting:
        step.onError.kind !== 'output' || step.onError.value.constant
          ? null
          : {
              invoke: this.#invoke('substitute', 'evaluate', {
                onDone: [{ target: this.#afterHandling, actions: [this.#settle('recovered')] }],
                onError: [{ target: '$failed', actions: [this.#action('fail', { by: 'event' })] }],
              }),
            },
    });
  }

  #settle(by: string, params: Readonly<Record<string, unknown>> = {}): Named {
    return this.#action(this.#afterHandling === '$completed' ? 'complete' : 'answer', { by, ...params });
  }

  /** An inline step in a state of its own; its failure is this step's. */
  #nested(index: number, onDone: readonly Transition[]): NodeConfig {
    const { step } = stepInfo(this.#program, index);
    const failed: Transition = {
      target: this.#at('$failed'),
      actions: [this.#action('fail', { by: 'child', child: index })],
    };
    return { initial: step.id, states: { [step.id]: this.#maker.step(index, { onDone, failed: [failed] }) } };
  }

  #failed(): NodeConfig {
    const entry = [this.#action('tellFailed')];
    const { failed } = this.#exits;
    if (failed === null || isTolerant(this.#info.step)) return { type: 'final', entry };
    return { entry, always: failed };
  }

  // Side effects: function conditions, handlers, `assign` values. Tried again under the step's own policy; never the work.

  #invoke(kind: EffectKind, src: string, ends: Pick<Invoke, 'onDone' | 'onError'>): Invoke {
    const { program, index } = { program: this.#program, index: this.#index };
    return {
      id: effectId(program, index, kind),
      src,
      input: ({ context }) => new EffectInput(program, context, index, kind),
      ...ends,
    };
  }

  #sideEffect(
    name: string,
    kind: EffectKind,
    src: string,
    onDone: readonly Transition[],
    failed: readonly Transition[] = [],
  ): Record<string, NodeConfig> {
    const failures = [...failed, this.#endings.failure('event')];
    const backoff = `${name}Backoff`;
    const onError = this.#hasRetry
      ? [{ guard: this.#action('mayRetrySide'), target: backoff, actions: [this.#action('retrySide')] }, ...failures]
      : failures;
    const state: NodeConfig = { invoke: this.#invoke(kind, src, { onDone, onError }) };
    if (!this.#hasRetry) return { [name]: state };
    return { [name]: state, [backoff]: { after: { [`backoff:${this.#info.step.id}`]: [{ target: name }] } } };
  }
}

/** Whether the sequence around a step goes on after its failure: `onError` 'continue' and `goto`. */
export function isTolerant({ onError }: Step): boolean {
  return onError.kind === 'continue' || onError.kind === 'goto';
}

/** Whether a decision is a guard (an expression over what is kept), or must run as an effect. */
export function isGuard(program: Program, decision: Decision): decision is Extract<Decision, { kind: 'expression' }> {
  return decision.kind === 'expression' && isPureExpression(program, decision.condition);
}

/** Named by its text, so that it reads in drawings as it was written. */
export function conditionGuard(source: string, step: number, place: 'condition' | 'decide'): Named {
  return named(source, { step, place });
}
