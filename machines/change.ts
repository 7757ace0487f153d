/** What named actions are given, and what they give: the shapes that all of them share. */
import type { LifecycleEvent } from '../src/core/lifecycle-event.ts';
import type { RunContext } from './context.ts';
import type { MachineEvent } from './machine-event.ts';
import type { Program } from './program.ts';
import type { Update } from './record.ts';
import { answerOf } from './machine-event.ts';
import { writeState } from './state.ts';

export interface ActionArguments {
  /** The actor, where XState gives it. */
  readonly self?: { readonly id: string };
  readonly context: RunContext;
  readonly event: MachineEvent;
}
export interface StepParams {
  readonly step: number;
}
/** Changes the context. */
export type Change = (args: ActionArguments, params: never) => Update;
/** Tells what happened. */
export type Tell = (context: RunContext, params: never) => LifecycleEvent;

/** What handlers and `assign` values that an effect brought write to the state; without a step: those of the run. */
export function writes(program: Program, context: RunContext, step: number | null, event: MachineEvent): Update {
  const rendered = answerOf(event).writes;
  return rendered === undefined ? {} : writeState(program, context, step, rendered, { expressions: false });
}
