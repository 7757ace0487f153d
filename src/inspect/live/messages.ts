/**
 * What is told of runs as messages of `@statelyai/inspect`: the JSON that its inspector page and its receivers read. The
 * package makes them from XState's events too, but later (in a timer) and with the time of the conversion; here they bear the time
 * of the run's history.
 */
import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import type { InspectionEvent } from 'xstate';
import { InvariantError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { RunActor } from './run-actor.ts';

export type { StatelyInspectionEvent };

/** @param at milliseconds since 1970 */
export function toStatelyMessage(event: InspectionEvent, at: number): StatelyInspectionEvent {
  const actor = event.actorRef as unknown as RunActor;
  const common = {
    rootId: event.rootId,
    sessionId: actor.sessionId,
    createdAt: String(at),
    // As the package itself has it, against its own type.
    id: null as unknown as string,
    _version: protocolVersion,
  };
  switch (event.type) {
    case '@xstate.actor':
      return {
        type: event.type,
        ...common,
        name: actor.id === actor.sessionId ? nameOf(actor) : actor.id,
        definition: definitionOf(actor),
        parentId: actor._parent?.sessionId,
        snapshot: plain(actor.getSnapshot()),
      };
    case '@xstate.event':
      return { type: event.type, ...common, event: event.event, sourceId: event.sourceRef?.sessionId };
    case '@xstate.snapshot':
      return { type: event.type, ...common, event: event.event, snapshot: plain(event.snapshot) };
    case '@xstate.transition':
    case '@xstate.microstep':
    case '@xstate.action':
      throw new InvariantError(`runs tell nothing of type ${event.type}`);
  }
}

const definitions = new WeakMap<object, string>();

/** A loop has a thousand rounds, and one chart for all of them. */
function definitionOf({ logic: { config } }: RunActor): string {
  const known = definitions.get(config as object) ?? JSON.stringify(config);
  definitions.set(config as object, known);
  return known;
}

function nameOf({ logic, sessionId }: RunActor): string {
  const { id } = logic.config as { readonly id?: Json };
  return typeof id === 'string' ? id : sessionId;
}

function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Which version of the protocol the installed package speaks; only its messages say so. */
const protocolVersion = readProtocolVersion();

function readProtocolVersion(): string {
  let version = '';
  createInspector({ send: (message) => void (version = message._version) }).event('any', 'any');
  return version;
}
