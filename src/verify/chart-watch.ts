/** Notes which transitions of the statechart a move takes, as XState itself tells them. */
import type { CompiledWorkflow } from '../../machines/compiled-workflow.ts';
import type { Kernel, RunState } from '../core/run-state.ts';
import type { ChartTransition } from './graph.ts';

interface TransitionLike {
  readonly source: { readonly id: string };
  readonly target?: readonly { readonly id: string }[];
  readonly eventType: string;
  readonly guard?: { readonly type?: string; readonly params?: unknown };
}
interface Told {
  readonly type: string;
  readonly _transitions?: readonly TransitionLike[];
}

export class ChartWatch {
  readonly transitions: ChartTransition[] = [];
  readonly #ids = new Map<string, number>();
  readonly #known = new WeakMap<TransitionLike, number>();
  readonly #subscriptions: { unsubscribe(): void }[] = [];
  #taken = new Set<number>();

  /** Of a workflow and the rounds of its loops. */
  constructor(compiled: CompiledWorkflow, kernelOf: (compiled: CompiledWorkflow) => Kernel) {
    const follow = (each: CompiledWorkflow): void => {
      const { system } = kernelOf(each).scope;
      this.#subscriptions.push(system.inspect((event: unknown) => this.#note(event as Told)));
      for (const body of each.bodies.values()) follow(body);
    };
    follow(compiled);
  }

  /** What was taken since the last time. */
  take(): readonly number[] {
    const taken = [...this.#taken];
    this.#taken = new Set();
    return taken;
  }

  stop(): void {
    for (const each of this.#subscriptions) each.unsubscribe();
  }

  #note({ type, _transitions = [] }: Told): void {
    if (type !== '@xstate.microstep') return;
    for (const transition of _transitions) this.#taken.add(this.#idOf(transition));
  }

  #idOf(transition: TransitionLike): number {
    const known = this.#known.get(transition);
    if (known !== undefined) return known;
    const made = describe(transition);
    const name = transitionKey(made);
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.transitions.length;
      this.#ids.set(name, id);
      this.transitions.push({ id, ...made });
    }
    this.#known.set(transition, id);
    return id;
  }
}

/** Two charts of one workflow have the same keys. */
export function transitionKey({ source, targets, event, guard }: Omit<ChartTransition, 'id'>): string {
  return JSON.stringify([source, targets, event, guard]);
}

/** The states of the chart in which a run stands: leaves only. */
export function leavesOf({ snapshot }: Pick<RunState, 'snapshot'>): readonly string[] {
  const { _nodes: nodes } = snapshot as unknown as { readonly _nodes: readonly Leaf[] };
  return nodes.filter(({ type }) => type === 'atomic' || type === 'final').map(({ id }) => id);
}

interface Leaf {
  readonly id: string;
  readonly type: string;
}

function describe({ source, target = [], eventType, guard }: TransitionLike): Omit<ChartTransition, 'id'> {
  const params = guard?.params === undefined ? '' : ` ${JSON.stringify(guard.params)}`;
  return {
    source: source.id,
    targets: target.map(({ id }) => id),
    event: eventType,
    guard: guard?.type === undefined ? null : `${guard.type}${params}`,
  };
}
