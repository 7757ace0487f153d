/**
 * The named actions of compiled machines. Those that change the context do what an `assign` does, those that tell what happened are
 * `emit`s.
 */
import { emit, type AnyMachineSnapshot } from 'xstate';
import { cancelOpen } from './cancel-open.ts';
import type { ActionArguments, Change, Tell } from './change.ts';
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
    ...Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, changing(change)])),
    ...Object.fromEntries(Object.entries(tells(program)).map(([name, tell]) => [name, telling(tell)])),
    cancelOpen: cancelOpen(program),
  };
}

/**
 * An `assign` that keeps what does not depend on the context: XState's own finds the state's value, tags and nodes anew for each of
 * them (measured: a tenth of what a step allocates). `resolve` is how XState asks its own actions, in `transition` and in actors alike.
 */
function changing(change: Change): unknown {
  const resolve = (
    _scope: unknown,
    snapshot: AnyMachineSnapshot,
    args: ActionArguments,
    params: unknown,
  ): readonly [AnyMachineSnapshot, undefined, undefined] => {
    const context = { ...args.context, ...change(args, params as never) };
    return [{ ...snapshot, context }, undefined, undefined];
  };
  return Object.assign(() => undefined, { type: 'xstate.assign', resolve });
}

function telling(tell: Tell): unknown {
  return emit((({ context }: ActionArguments, params: unknown) => tell(context, params as never)) as never);
}
