/**
 * The named actions of compiled machines. Those that change the context are `assign`s, at most one per transition (XState makes
 * a new snapshot for each); those that tell what happened are `emit`s.
 */
import { assign, emit } from 'xstate';
import { cancelOpen } from './cancel-open.ts';
import type { ActionArguments, Tell } from './change.ts';
import type { Program } from './program.ts';
import { routeChanges } from './route-changes.ts';
import { runChanges } from './run-changes.ts';
import { stepChanges } from './step-changes.ts';
import { tells } from './tell.ts';
import { undoChanges } from './undo-changes.ts';

export function createActions(program: Program): Record<string, unknown> {
  const changes = {
    ...runChanges(program),
    ...stepChanges(program),
    ...routeChanges(program),
    ...undoChanges(program),
  };
  return {
    ...Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, assign(change as never)])),
    ...Object.fromEntries(Object.entries(tells(program)).map(([name, tell]) => [name, telling(tell)])),
    cancelOpen: cancelOpen(program),
  };
}

function telling(tell: Tell): unknown {
  return emit((({ context }: ActionArguments, params: unknown) => tell(context, params as never)) as never);
}
