/** What is made once for a machine: the inert scope in which it is advanced, and its trivial initial state. */
import { createActor, type AnyActorScope, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import { InvariantError } from './errors.ts';
import type { Command, Kernel } from './run-state.ts';

export function createKernel(
  machine: AnyStateMachine,
  keeping: Omit<Kernel, 'machine' | 'initial' | 'scope' | 'sink'>,
): Kernel {
  const self = createActor(machine);
  const sink: { commands: Command[] } = { commands: [] };
  const nothing = (): void => undefined;
  const scope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    stopChild: nothing,
    emit: nothing,
    actionExecutor: (action: Command) => {
      sink.commands.push(action);
    },
  } as unknown as AnyActorScope;
  const snapshot = machine.getInitialSnapshot(scope, undefined) as AnyMachineSnapshot;
  sink.commands = [];
  if (snapshot.status !== 'active')
    throw new InvariantError(`the machine's initial state is '${snapshot.status}': ${String(snapshot.error)}`);
  return {
    machine,
    scope,
    sink,
    initial: {
      snapshot,
      seq: 0,
      epoch: 1,
      effects: new Map(),
      timers: new Map(),
      pause: null,
      breakpoints: [],
      functions: {},
    },
    ...keeping,
  };
}
