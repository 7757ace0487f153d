/** `parallel`: branches that run at the same time. */
import { z } from 'zod';
import type { ParallelStep } from '../definition.ts';
import { onStepsInside } from '../effect-fields.ts';
import { anything, flag, integer } from '../fields.ts';
import { maxSteps } from '../limits.ts';
import { stepKind } from '../step-kind.ts';

export interface ParallelForm<Inner> {
  readonly type: 'parallel';
  /** The branches. */
  readonly steps: readonly Inner[];
  /** The first failure cancels the other branches. @default false */
  readonly failFast?: boolean;
  /** @default all at once */
  readonly maxConcurrency?: number;
  /** How many branches have to succeed; then the others are cancelled. @default 'all' */
  readonly join?: 'all' | 'any' | number;
}

export const parallel = stepKind({
  type: 'parallel',
  what: 'a parallel step',
  fields: {
    steps: anything,
    failFast: flag.optional(),
    maxConcurrency: integer(1, maxSteps).optional(),
    join: z
      .union([z.enum(['all', 'any']), z.int().min(1)], {
        error: "must be 'all', 'any' or a number of branches (at least 1)",
      })
      .optional(),
  },
  hints: {
    ...onStepsInside,
    concurrency: "branches at a time are 'maxConcurrency'",
    branches: "the branches are 'steps', a list",
    step: "the branches are 'steps', a list",
  },
  read(given, base, reader): ParallelStep {
    const steps = reader.steps('steps', given.steps);
    const join = given.join === 'any' ? 1 : (given.join ?? 'all');
    if (join !== 'all' && join > Math.max(1, steps.length)) {
      reader.add('OUT_OF_RANGE', 'join', `join must be at most the number of branches`, {
        expected: `1 to ${steps.length}`,
        received: String(join),
      });
    }
    return {
      ...base,
      type: 'parallel',
      steps,
      failFast: given.failFast ?? false,
      maxConcurrency: given.maxConcurrency ?? null,
      join,
    };
  },
  expressions: () => [],
});
