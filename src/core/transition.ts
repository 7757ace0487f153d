/** One transition of a machine, as what it leads to. Owns the call of XState and the errors of machines; knows no event of ours. */
import type { AnyMachineSnapshot } from 'xstate';
import { collect } from './collect.ts';
import { InvariantError } from './errors.ts';
import type { Recorded } from './event.ts';
import type { Advanced, Command, Kernel, RunState } from './run-state.ts';

/** An event as a machine understands it. */
export interface XStateEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/**
 * `recorded`: of what the machine's event was made. Null: the machine took no notice.
 * @throws InvariantError when the machine goes wrong; what guards throw
 */
export function transition(kernel: Kernel, state: RunState, event: XStateEvent, recorded: Recorded): Advanced | null {
  const sink = kernel.sink as { commands: Command[] };
  sink.commands = [];
  const snapshot = kernel.machine.transition(state.snapshot, event, kernel.scope) as AnyMachineSnapshot;
  const { commands } = sink;
  sink.commands = [];
  if (snapshot === state.snapshot) return null;
  if (snapshot.status === 'error')
    throw new InvariantError(
      `the machine went wrong at event ${recorded.seq} (${recorded.event.type}): ${String(snapshot.error)}`,
    );
  return collect(state, snapshot, recorded, commands);
}
