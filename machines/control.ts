/**
 * The chart by which people intervene: that of the run, and transitions that no run has of its own: into a step that stands ready
 * (`$held`), to the end of a step that is done or passed over by hand. Its states are those of the run's machine, but for `$held`
 * and `$passed`, which are left within the transition or named otherwise at its end (`control-run.ts`). So that the machine that
 * runs, is drawn and is proven needs to know of none of this.
 */
import type { AnyStateMachine } from 'xstate';
import type { CompiledWorkflow } from './compiled-workflow.ts';
import type { Answer, MachineEvent } from './machine-event.ts';
import { states, type NodeConfig, type Transition } from './node-config.ts';
import type { Program } from './program.ts';
import { named } from './step.ts';
import { createRunMachine } from './workflow.ts';

export const heldState = '$held';
export const passedState = '$passed';

/** What is done to steps, by number. */
export interface ControlEvent extends MachineEvent {
  readonly type: '$control';
  /** They begin, at their gate; they stand in `$held`. */
  readonly enter: readonly number[];
  /** Their work goes on where it was: what it is made of (rounds, a child) is there. They stand in `$held`. */
  readonly again: readonly number[];
  /** It is done: `answer` is its output. */
  readonly complete?: number;
  readonly answer?: Answer;
  /** It is passed over. */
  readonly skip?: number;
  /** A state of the run as a whole that begins anew. The run stands in `$held`. */
  readonly state?: RunPlace;
}

/** Where a run can stand outside of its steps. */
export type RunPlace = '$starting' | '$main' | '$ending';

/** The machine of people's interventions in runs of this workflow, or loop body. */
export function createControlMachine({ program, bodies }: CompiledWorkflow): AnyStateMachine {
  return createRunMachine(program, bodies, (chart) => new ControlChart(program).root(chart), {
    isControlled: ({ event }: { readonly event: ControlEvent }, { step, what }: ControlParams) => {
      if (what === 'complete' || what === 'skip') return event[what] === step;
      return event[what].includes(step);
    },
    isPlace: ({ event }: { readonly event: ControlEvent }, { state }: { readonly state: RunPlace }) =>
      event.state === state,
  });
}

interface ControlParams {
  readonly step: number;
  readonly what: 'enter' | 'again' | 'complete' | 'skip';
}

class ControlChart {
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
  }

  root(chart: NodeConfig): NodeConfig {
    const places = (['$starting', '$main', '$ending'] as const).filter((state) => chart.states?.[state] !== undefined);
    const into = places.map((state) => ({ guard: named('isPlace', { state }), target: `#${state}` }));
    return {
      ...chart,
      on: { ...chart.on, $control: into },
      states: { ...this.#inside(chart.states ?? {}), [heldState]: {} },
    };
  }

  #inside(nodes: Readonly<Record<string, NodeConfig>>): Record<string, NodeConfig> {
    return Object.fromEntries(Object.entries(nodes).map(([key, node]) => [key, this.#node(node)]));
  }

  #node(node: NodeConfig): NodeConfig {
    if (node.states === undefined) return node;
    const index = this.#program.byId.get(String(node.meta?.['step']));
    const inside = this.#inside(node.states);
    return index === undefined ? { ...node, states: inside } : this.#step(node, index, inside);
  }

  #step(node: NodeConfig, step: number, inside: Record<string, NodeConfig>): NodeConfig {
    const at = (state: string): string => `#${String(node.id)}.${state}`;
    const guard = (what: ControlParams['what']): Transition => ({ guard: named('isControlled', { step, what }) });
    const rounds = inside['$running']?.states?.['$rounds'] === undefined ? '$running' : '$running.$rounds';
    const after = ['$handling', '$assigning'].find((state) => inside[state] !== undefined) ?? '$completed';
    const passed = inside['$skipped'] === undefined ? passedState : '$skipped';
    const close = named('cancelOpen', { step });
    const settle = named(after === '$completed' ? 'complete' : 'answer', { step, by: 'received' });
    const pass = [close, named('skip', { step }), named('tellSkipped', { step, why: 'by hand' })];
    return {
      ...node,
      on: {
        ...node.on,
        $control: [
          { ...guard('enter'), target: at(String(node.initial)) },
          { ...guard('again'), target: at(rounds) },
          { ...guard('complete'), target: at(after), actions: [close, settle] },
          { ...guard('skip'), target: at(passed), actions: pass },
        ],
      },
      states: states({
        ...inside,
        [heldState]: {},
        [passedState]: passed === passedState ? { type: 'final' } : null,
      }),
    };
  }
}
