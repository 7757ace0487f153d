/** `signal`: waits for a named event from outside. */
import type { SignalStep } from '../definition.ts';
import { anything, eventName } from '../fields.ts';
import { refuseAttempts } from '../single-attempt.ts';
import { stepKind } from '../step-kind.ts';

export interface SignalForm {
  readonly type: 'signal';
  /** The name of the signal. @default the step's id */
  readonly name?: string;
  /** Only a signal for which it holds; reads the payload as `{{signal.payload}}`. */
  readonly match?: string;
  readonly retry?: never;
  readonly totalTimeout?: never;
}

export const signal = stepKind({
  type: 'signal',
  what: 'a signal step',
  fields: { name: eventName.optional(), match: anything.optional() },
  hints: {
    event: "the signal's name is 'name'",
    signal: "the signal's name is 'name'",
    filter: "the condition on a signal is 'match'",
    maxWait: "the time is bounded by 'timeout'",
    onTimeout: "what happens after the timeout is 'onError'",
  },
  read(given, base, reader): SignalStep {
    refuseAttempts(base, 'a signal step', reader);
    return {
      ...base,
      type: 'signal',
      name: given.name ?? reader.id,
      match: given.match === undefined ? null : reader.withRoot('signal', () => reader.condition('match', given.match)),
    };
  },
  expressions: (step) => [step.match === null ? null : { path: `${step.path}.match`, compiled: step.match }],
});
