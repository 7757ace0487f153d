/** What compiling a definition gives. */
import type { AnyStateMachine } from 'xstate';
import type { Program } from './program.ts';

/** A program and its machine. */
export interface CompiledWorkflow {
  readonly program: Program;
  readonly machine: AnyStateMachine;
  /** The compiled bodies of the items loops, by the loop's number. */
  readonly bodies: ReadonlyMap<number, CompiledWorkflow>;
}
