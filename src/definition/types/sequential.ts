/** `sequential`: a group of steps, one after another. */
import type { SequentialStep } from '../definition.ts';
import { onStepsInside } from '../effect-fields.ts';
import { anything } from '../fields.ts';
import { stepKind } from '../step-kind.ts';

export interface SequentialForm<Inner> {
  readonly type: 'sequential';
  readonly steps: readonly Inner[];
}

export const sequential = stepKind({
  type: 'sequential',
  what: 'a sequential step',
  fields: { steps: anything },
  hints: { ...onStepsInside, step: "a group has 'steps', a list" },
  read: (given, base, reader): SequentialStep => ({
    ...base,
    type: 'sequential',
    steps: reader.steps('steps', given.steps),
  }),
  expressions: () => [],
});
