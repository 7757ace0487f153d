/** `emit`: publishes a named event. */
import type { EmitStep } from '../definition.ts';
import { anything, eventName } from '../fields.ts';
import type { ValueForm } from '../forms.ts';
import { stepKind, valueExpression } from '../step-kind.ts';

export interface EmitForm<Context> {
  readonly type: 'emit';
  /** The name of the event. */
  readonly name: string;
  readonly payload?: ValueForm<Context>;
}

export const emit = stepKind({
  type: 'emit',
  what: 'an emit step',
  allows: ['compensate'],
  fields: { name: eventName, payload: anything.optional() },
  hints: {
    event: "the event's name is 'name'",
    signal: "the event's name is 'name'",
    data: "the event's data is 'payload'",
    input: "the event's data is 'payload'",
  },
  read: (given, base, reader): EmitStep => ({
    ...base,
    type: 'emit',
    name: given.name ?? '',
    payload: given.payload === undefined ? null : reader.value('payload', given.payload),
  }),
  expressions: (step) => [valueExpression(`${step.path}.payload`, step.payload)],
});
