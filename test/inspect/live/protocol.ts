/** The messages of `@statelyai/inspect` as its types describe them, and what makes a list of them complete. */
import { createMachine } from 'xstate';
import { expect } from 'vitest';
import { z } from 'zod';
import type { StatelyInspectionEvent } from '../../../src/inspect/live/messages.ts';
import type { Store } from '../../../src/core/ports.ts';

const common = {
  sessionId: z.string().min(1),
  rootId: z.string().min(1),
  createdAt: z.string().regex(/^\d+$/),
  id: z.null(),
  _version: z.string().regex(/^\d+\.\d+\.\d+/),
};
const event = z.looseObject({ type: z.string().min(1) });
const snapshot = z.strictObject({
  status: z.enum(['active', 'done', 'error', 'stopped']),
  value: z.union([z.string(), z.record(z.string(), z.unknown())]),
  context: z.record(z.string(), z.unknown()),
  output: z.unknown().optional(),
  error: z.unknown().optional(),
});

const messageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('@xstate.actor'),
    ...common,
    name: z.string().min(1),
    definition: z.string(),
    parentId: z.string().optional(),
    snapshot,
  }),
  z.strictObject({ type: z.literal('@xstate.event'), ...common, event, sourceId: z.string().optional() }),
  z.strictObject({ type: z.literal('@xstate.snapshot'), ...common, event, snapshot }),
]);

type Message = z.infer<typeof messageSchema>;

/** As they arrive: JSON. */
export function parsed(messages: readonly StatelyInspectionEvent[]): readonly Message[] {
  return messages.map((message) => messageSchema.parse(JSON.parse(JSON.stringify(message))));
}

/**
 * Every run of the store is an actor before anything is told of it, under its parent; every event of its history is an event and a
 * snapshot, in order; and every snapshot is a state of the chart that the actor showed.
 */
export function expectComplete(messages: readonly Message[], store: Store): void {
  const charts = new Map<string, ReturnType<typeof createMachine>>();
  const told = new Map<string, number[]>();
  for (const message of messages) {
    const { sessionId } = message;
    if (message.type === '@xstate.actor') {
      const row = store.readRun(sessionId);
      expect(message.parentId ?? null).toBe(row?.parent ?? null);
      if (message.parentId !== undefined) expect(charts.has(message.parentId)).toBe(true);
      charts.set(sessionId, createMachine(JSON.parse(message.definition) as never));
      // A run that goes on with another version, or after its end, is told of anew.
      if (!told.has(sessionId)) told.set(sessionId, []);
    } else if (message.type === '@xstate.event') {
      const { history } = message.event as { history?: { seq: number } };
      told.get(sessionId)?.push(history?.seq ?? 0);
    }
    if (message.type === '@xstate.event') continue;
    const { value } = message.snapshot;
    expect(() => charts.get(sessionId)?.resolveState({ value: value as never, context: {} })).not.toThrow();
  }
  const runs = store.listRuns({ kind: ['run', 'round', 'child'], limit: 1_000 });
  expect([...told.keys()].toSorted()).toEqual(runs.map(({ id }) => id).toSorted());
  for (const { id } of runs) expect([id, told.get(id)]).toEqual([id, store.readEvents(id, 1).map(({ seq }) => seq)]);
}
