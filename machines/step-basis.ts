/** What all states inside a step's own are made with: its actions, its names, its effects. */
import type { EffectKind } from '../src/core/event.ts';
import { EffectInput, effectId } from './effect-input.ts';
import type { Invoke, Named, NodeConfig, Transition } from './node-config.ts';
import { stepInfo, type Program, type StepInfo } from './program.ts';
import { named, type StepMaker } from './step.ts';

export class StepBasis {
  readonly maker: StepMaker;
  readonly program: Program;
  readonly info: StepInfo;

  constructor(maker: StepMaker, info: StepInfo) {
    this.maker = maker;
    this.program = maker.program;
    this.info = info;
  }

  get hasRetry(): boolean {
    return (this.info.step.retry?.maxAttempts ?? 1) > 1;
  }

  action(type: string, params: Readonly<Record<string, unknown>> = {}): Named {
    return named(type, { step: this.info.index, ...params });
  }

  /** A state inside the step's. */
  at(state: string): string {
    return `#${this.info.step.id}.${state}`;
  }

  invoke(kind: EffectKind, src: string, ends: Pick<Invoke, 'onDone' | 'onError'>): Invoke {
    const { program, info } = this;
    return {
      id: effectId(program, info.index, kind),
      src,
      input: ({ context }) => new EffectInput(program, context, info.index, kind),
      ...ends,
    };
  }

  /** A function condition, handlers, `assign` values. Tried again under the step's own policy; never the work. */
  sideEffect(
    name: string,
    kind: EffectKind,
    src: string,
    onDone: readonly Transition[],
    failures: readonly Transition[],
  ): Record<string, NodeConfig> {
    const backoff = `${name}Backoff`;
    const onError = this.hasRetry
      ? [{ guard: this.action('mayRetrySide'), target: backoff, actions: [this.action('retrySide')] }, ...failures]
      : failures;
    const state: NodeConfig = { invoke: this.invoke(kind, src, { onDone, onError }) };
    if (!this.hasRetry) return { [name]: state };
    return { [name]: state, [backoff]: { after: { [`backoff:${this.info.step.id}`]: [{ target: name }] } } };
  }

  /** An inline step in a state of its own; its failure is this step's. */
  nested(index: number, onDone: readonly Transition[]): NodeConfig {
    const { step } = stepInfo(this.program, index);
    const failed: Transition = {
      target: this.at('$failed'),
      actions: [this.action('fail', { by: 'child', child: index })],
    };
    return { initial: step.id, states: { [step.id]: this.maker.step(index, { onDone, failed: [failed] }) } };
  }
}
