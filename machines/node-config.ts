/** The part of XState's configuration that we emit: named guards, actions, delays and actors only, so that a machine is data. */
import type { EffectInput } from './effect-input.ts';
import type { RunContext } from './context.ts';

export interface Named {
  readonly type: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

export interface Transition {
  readonly target?: string;
  readonly guard?: Named;
  readonly actions?: readonly Named[];
  readonly reenter?: boolean;
}

export interface Invoke {
  readonly id: string;
  readonly src: string;
  readonly input: (args: { readonly context: RunContext }) => EffectInput;
  readonly onDone?: readonly Transition[];
  readonly onError?: readonly Transition[];
}

export interface NodeConfig {
  readonly id?: string;
  readonly type?: 'final' | 'parallel';
  readonly initial?: string;
  readonly states?: Readonly<Record<string, NodeConfig>>;
  readonly entry?: readonly Named[];
  readonly invoke?: Invoke;
  /** What a run in this state waits for. */
  readonly tags?: readonly ('human' | 'signal')[];
  readonly always?: readonly Transition[];
  readonly after?: Readonly<Record<string, readonly Transition[]>>;
  readonly on?: Readonly<Record<string, readonly Transition[]>>;
  readonly onDone?: readonly Transition[];
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly description?: string;
}

/** States by name, without those that are not there. */
export function states(entries: Readonly<Record<string, NodeConfig | null>>): Record<string, NodeConfig> {
  return Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, NodeConfig] => entry[1] !== null),
  );
}
