/** A workflow as a plain XState machine. */
import type { AnyStateMachine } from 'xstate';
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import { compileWorkflow } from '../../machines/workflow.ts';

/**
 * The machine that the engine runs, for XState's own `createActor(machine.provide({ actors }), { input })`. `input` is the
 * workflow's input and starts the run; without it, send `{ type: 'run.started', input }`. Every step is a state under its
 * own id. `agent` and `http` steps invoke actors of these names, which have to be provided (`createActors` makes those that
 * call real agents); all other actors have in-memory defaults. The machine's output is the workflow's; a run that fails ends
 * in the state `$failed`, with the reason in `context.error`.
 *
 * Timeouts and backoffs of more than 24.8 days are cut to that, as timers of a process hold no more.
 *
 * @throws DefinitionError
 */
export function toMachine(workflow: Workflow | WorkflowDefinition): AnyStateMachine {
  return compileWorkflow(toDefinition(workflow)).machine;
}
