/**
 * Composes the machine of a workflow (or of the rounds of an items loop):
 *
 *   $boot -> [$starting] -> $main -> $ending [$output] [$completing] -> $completed
 *                              `-> $failing [$compensating] [$recovery] [$reporting] -> $failed | $cancelled
 *
 * `$boot` is where every run begins, so that computing an initial state costs nothing; `run.started` leaves it.
 */
import { createMachine, type AnyStateMachine } from 'xstate';
import { inlineValue } from '../src/core/stored-value.ts';
import type { WorkflowDefinition } from '../src/definition/definition.ts';
import { createActions } from './actions.ts';
import { createDefaultActors } from './actors.ts';
import type { CompiledWorkflow } from './compiled-workflow.ts';
import { emptyContext, type RunContext } from './context.ts';
import { compensatingNode, hasCompensation, toCompensating } from './compensation.ts';
import { createDelays } from './delays.ts';
import { EffectInput, effectId, type RunEffect } from './effect-input.ts';
import { createGuards } from './guards.ts';
import { cancelEvent, signalEvent, startEvent, terminateEvent } from './machine-event.ts';
import { states, type Invoke, type Named, type NodeConfig, type Transition } from './node-config.ts';
import { createProgram } from './create-program.ts';
import { stepInfo, type Program } from './program.ts';
import { sequenceNode } from './sequence.ts';
import { stepNode } from './life.ts';
import { named, type StepMaker } from './step.ts';
import { bodyOf } from './types.ts';

/** A run of a round's machine that undoes a round which has ended. */
const undoRound: Transition = {
  guard: { type: 'isToUndo' },
  target: '#$compensating',
  actions: [{ type: 'start' }, { type: 'tellRunStarted' }, ...(toCompensating.actions ?? [])],
};
const afterRound: readonly Transition[] = [
  { guard: { type: 'isUndone' }, target: '#$completed' },
  { target: '#$failed' },
];

/** Raised when compiled machines change shape; a run records the format it was started with. */
export const machineFormat = 1;

export type { CompiledWorkflow };

const compiled = new WeakMap<WorkflowDefinition, CompiledWorkflow>();

/** The program and machine of a definition; made once per definition. */
export function compileWorkflow(definition: WorkflowDefinition): CompiledWorkflow {
  let result = compiled.get(definition);
  if (result === undefined) compiled.set(definition, (result = compileProgram(createProgram(definition))));
  return result;
}

function compileProgram(program: Program): CompiledWorkflow {
  const bodies = new Map([...program.bodies].map(([loop, body]) => [loop, compileProgram(body)]));
  return { program, bodies, machine: createRunMachine(program, bodies) };
}

/** @param change of the chart. @default none */
export function createRunMachine(
  program: Program,
  bodies: ReadonlyMap<number, CompiledWorkflow>,
  change: (chart: NodeConfig) => NodeConfig = (chart) => chart,
  guards: Readonly<Record<string, unknown>> = {},
): AnyStateMachine {
  const config = {
    ...change(new RunChart(program).root()),
    version: program.definition.version,
    options: { maxIterations: 10_000 + 20 * program.steps.length },
    // Under plain XState the workflow's input starts the run; the engine starts it by an event.
    context: ({ input }: { readonly input: unknown }): RunContext => ({ ...emptyContext, input: { v: input } }),
    output: ({ context }: { readonly context: RunContext }) =>
      context.output === null ? undefined : inlineValue(context.output),
  };
  const implementations = {
    actions: createActions(program),
    guards: { ...createGuards(program), ...guards },
    delays: createDelays(program),
    actors: createDefaultActors(program, bodies),
  };
  // The one place where our own description of a chart becomes XState's.
  return createMachine(config as never, implementations as never);
}

class RunChart {
  readonly #program: Program;
  readonly #maker: StepMaker;

  constructor(program: Program) {
    this.#program = program;
    this.#maker = {
      program,
      step: (index, exits, queue) => stepNode(this.#maker, bodyOf(stepInfo(program, index).step), index, exits, queue),
    };
  }

  root(): NodeConfig {
    const { definition, loop } = this.#program;
    const handlers = definition.workflowHandlers;
    const isRun = loop === null;
    const starts = isRun && handlers.start.length > 0;
    const completes = isRun && handlers.complete.length > 0;
    const reports = isRun && handlers.error.length > 0;
    const recovers = this.#program.onFailure.steps.length > 0;
    const first = starts ? '#$starting' : '#$main';
    const begin: Transition = { target: first, actions: [{ type: 'start' }, { type: 'tellRunStarted' }] };
    // A run that cannot begin has begun all the same: its failure sees the input.
    const stillborn: Transition = {
      target: '#$failing',
      actions: [...(begin.actions ?? []), { type: 'failRunEvent' }],
    };
    const end: Transition = { target: completes ? '#$completing' : '#$completed' };
    const verdict: readonly Transition[] = [
      { guard: { type: 'isCancelled' }, target: '#$cancelled' },
      { target: '#$failed' },
    ];
    const afterFailure: readonly Transition[] = recovers
      ? [{ target: '#$recovery' }]
      : reports
        ? [{ target: '#$reporting' }]
        : verdict;
    const compensates = hasCompensation(this.#program);
    return {
      id: isRun ? definition.name : `${definition.name}:${loop.step.id}`,
      initial: '$boot',
      on: {
        // What follows a failure is not begun again: a second cancel ends it, whatever goes wrong in it changes nothing.
        [cancelEvent]: [
          {
            guard: { type: 'isFailing' },
            target: '#$cancelled',
            actions: [{ type: 'cancel' }, named('cancelOpen', { step: null })],
          },
          { target: '#$failing', actions: [{ type: 'cancel' }] },
        ],
        [terminateEvent]: [
          { target: '#$cancelled', actions: [{ type: 'cancel' }, named('cancelOpen', { step: null })] },
        ],
        // Steps that wait for it take it; what nobody takes is kept.
        [signalEvent]: [{ guard: { type: 'isToBeKept' }, actions: [{ type: 'keepSignal' }] }],
        'run.aborted': [
          ...(recovers
            ? [{ guard: { type: 'isFailing' }, target: '#$recovered', actions: [named('cancelOpen', { step: null })] }]
            : []),
          { target: '#$failing', actions: [{ type: 'failRunEvent' }] },
        ],
      },
      states: states({
        $boot: {
          id: '$boot',
          on: { [startEvent]: [...(compensates && !isRun ? [undoRound] : []), begin], 'run.aborted': [stillborn] },
          always: [{ ...begin, guard: { type: 'hasInput' } }],
        },
        $starting: starts
          ? {
              id: '$starting',
              invoke: this.#invoke('start', 'handlers', {
                onDone: [{ target: '#$main', actions: [{ type: 'wroteRun' }] }],
                onError: [{ target: '#$failing', actions: [{ type: 'failRunEvent' }] }],
              }),
            }
          : null,
        $main: this.#main(),
        $ending: this.#ending(end),
        $completing: completes
          ? {
              id: '$completing',
              invoke: this.#invoke('complete', 'handlers', {
                onDone: [{ target: '#$completed' }],
                onError: [{ target: '#$completed' }],
              }),
            }
          : null,
        $failing: {
          id: '$failing',
          entry: [named('cancelOpen', { step: null })],
          // Rounds are undone by the run around them.
          always: compensates && isRun ? [toCompensating, ...afterFailure] : afterFailure,
        },
        $compensating: compensates ? compensatingNode(this.#maker, isRun ? afterFailure : afterRound) : null,
        $recovery: recovers ? this.#recovery(reports ? [{ target: '#$reporting' }] : verdict) : null,
        $reporting: reports
          ? { id: '$reporting', invoke: this.#invoke('error', 'handlers', { onDone: verdict, onError: verdict }) }
          : null,
        $completed: { id: '$completed', type: 'final', entry: [{ type: 'tellRunCompleted' }] },
        $failed: { id: '$failed', type: 'final', entry: [{ type: 'tellRunFailed' }] },
        $cancelled: { id: '$cancelled', type: 'final', entry: [{ type: 'tellRunCancelled' }] },
      }),
    };
  }

  #main(): NodeConfig {
    const { timeoutMs } = this.#program.definition;
    const sequence = sequenceNode(this.#maker, this.#program.main, {
      done: { target: '#$ending' },
      failed: (child) => [{ target: '#$failing', actions: [named('failRun', { step: child })] }],
      end: { target: '#$ending' },
      ...(this.#program.loop === null
        ? {}
        : { break: { target: '#$ending', actions: [{ type: 'breakLoop' }] }, continue: { target: '#$ending' } }),
    });
    if (timeoutMs === null || this.#program.loop !== null) return { id: '$main', ...sequence };
    return {
      id: '$main',
      ...sequence,
      after: { 'timeout:$run': [{ target: '#$failing', actions: [{ type: 'failRunTimeout' }] }] },
    };
  }

  /** `onFailure` steps: a failure among them ends the recovery, the run's error stays what it was. */
  #recovery(onward: readonly Transition[]): NodeConfig {
    const sequence = sequenceNode(this.#maker, this.#program.onFailure, {
      done: { target: '#$recovered' },
      failed: () => [{ target: '#$recovered' }],
      end: { target: '#$recovered' },
    });
    return {
      id: '$recovery',
      ...sequence,
      states: { ...sequence.states, $recovered: { id: '$recovered', always: onward } },
    };
  }

  #ending(end: Transition): NodeConfig {
    const { definition, loop } = this.#program;
    const entry: readonly Named[] = [named('cancelOpen', { step: null })];
    if (loop !== null || definition.output === null)
      return { id: '$ending', entry: [...entry, { type: 'setOwnOutput' }], always: [end] };
    return {
      id: '$ending',
      entry,
      invoke: this.#invoke('output', 'evaluate', {
        onDone: [{ ...end, actions: [{ type: 'setOutput' }] }],
        onError: [{ target: '#$failing', actions: [{ type: 'failRunEvent' }] }],
      }),
    };
  }

  #invoke(kind: RunEffect, src: string, ends: Pick<Invoke, 'onDone' | 'onError'>): Invoke {
    const program = this.#program;
    return {
      id: effectId(program, null, kind),
      src,
      input: ({ context }) => new EffectInput(program, context, null, kind),
      ...ends,
    };
  }
}
