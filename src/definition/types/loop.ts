/** `loop`: over the items of an array, or rounds while or until a condition holds. */
import { z } from 'zod';
import { describe } from '../describe.ts';
import type { LoopStep, Step, Value } from '../definition.ts';
import { onStepsInside } from '../effect-fields.ts';
import { anything, flag, integer, name } from '../fields.ts';
import { defaultLoopConcurrency, defaultMaxIterations } from '../limits.ts';
import { decisionExpression, stepKind, valueExpression, type StepReader } from '../step-kind.ts';
import type { DecisionForm, ValueForm } from '../forms.ts';

interface LoopBody<Inner, Inline> {
  readonly type: 'loop';
  /** The body: one step ... */
  readonly step?: Inline;
  /** ... or several. */
  readonly steps?: readonly Inner[];
  /** More rounds are an error. @default none for items, 1000 for while and until */
  readonly maxIterations?: number;
}

export interface ItemsLoopForm<Context, Inner, Inline> extends LoopBody<Inner, Inline> {
  /** An array, or one tag that gives an array. */
  readonly items: ValueForm<Context>;
  readonly while?: never;
  readonly until?: never;
  /** A second name of `loop.item` in templates. */
  readonly as?: string;
  /** true: 10 rounds at a time. @default false */
  readonly parallel?: boolean | number;
  readonly maxConcurrency?: number;
  /** @default 'fail' */
  readonly onItemError?: 'fail' | 'collect' | 'skip';
}

export interface WhileLoopForm<Context, Inner, Inline> extends LoopBody<Inner, Inline> {
  /** Looked at before each round. */
  readonly while: DecisionForm<Context>;
  readonly until?: never;
  readonly items?: never;
}

export interface UntilLoopForm<Context, Inner, Inline> extends LoopBody<Inner, Inline> {
  /** Looked at after each round. */
  readonly until: DecisionForm<Context>;
  readonly while?: never;
  readonly items?: never;
}

const maxCount = 1_000_000;

const fields = {
  items: anything.optional(),
  while: anything.optional(),
  until: anything.optional(),
  step: anything.optional(),
  steps: anything.optional(),
  as: name("the item's name").optional(),
  parallel: z
    .union([flag, integer(1, maxCount)], { error: 'must be true, false or a number of rounds (at least 1)' })
    .optional(),
  maxConcurrency: integer(1, maxCount).optional(),
  onItemError: z.enum(['fail', 'collect', 'skip']).optional(),
  maxIterations: integer(1, maxCount).optional(),
};

type Mode = LoopStep['mode'];
type Given = { readonly [Field in keyof typeof fields]?: z.output<(typeof fields)[Field]> };

export const loop = stepKind({
  type: 'loop',
  what: 'a loop step',
  fields,
  hints: {
    ...onStepsInside,
    concurrency: "rounds at a time are 'maxConcurrency'",
    forEach: "the array is 'items'",
    times: "the number of rounds is bounded by 'maxIterations'",
    body: "the body is 'step' or 'steps'",
    do: "the body is 'step' or 'steps'",
  },
  read(given, base, reader): LoopStep {
    if (given.as === 'signal')
      reader.add('RESERVED_ID', 'as', "the item's name 'signal' is reserved", { hint: 'choose another name' });
    const mode = readMode(given, reader);
    checkFields(given, mode, reader);
    return {
      ...base,
      type: 'loop',
      mode,
      items: given.items === undefined ? null : readItems(given.items, reader),
      decide: readDecide(given, mode, reader),
      steps: reader.withRoot(given.as ?? null, () => readBody(given, reader)),
      as: given.as ?? null,
      concurrency: readConcurrency(given),
      onItemError: given.onItemError ?? 'fail',
      maxIterations: given.maxIterations ?? (mode === 'items' ? null : defaultMaxIterations),
    };
  },
  expressions: (step) => [
    valueExpression(`${step.path}.items`, step.items),
    decisionExpression(`${step.path}.${step.mode}`, step.decide, { moment: 'during', inside: true }),
  ],
});

function readMode(given: Given, reader: StepReader): Mode {
  const modes = (['items', 'while', 'until'] as const).filter((mode) => given[mode] !== undefined);
  if (modes.length === 0)
    reader.add('REQUIRED', 'items', 'a loop step needs items (an array), while or until (a condition)');
  if (modes.length > 1)
    reader.add(
      'FIELD_CONFLICT',
      modes[1] as string,
      `a loop step has one of items, while and until, not both ${modes.join(' and ')}`,
    );
  return modes[0] ?? 'items';
}

function checkFields(given: Given, mode: Mode, reader: StepReader): void {
  if (given.step === undefined && given.steps === undefined)
    reader.add('REQUIRED', 'step', 'a loop step needs step (one step) or steps (a list)');
  if (given.step !== undefined && given.steps !== undefined)
    reader.add('FIELD_CONFLICT', 'steps', 'a loop step has either step or steps, not both');
  if (mode !== 'items') {
    for (const field of ['as', 'parallel', 'maxConcurrency', 'onItemError'] as const) {
      if (given[field] === undefined || given[field] === false) continue;
      reader.add('FIELD_MISPLACED', field, `${field} needs items: rounds of a ${mode} loop build on each other`);
    }
  } else if (given.maxConcurrency !== undefined && (given.parallel === undefined || given.parallel === false)) {
    reader.add('FIELD_MISPLACED', 'maxConcurrency', 'maxConcurrency needs parallel: true');
  }
}

function readItems(items: unknown, reader: StepReader): Value | null {
  const isTag = typeof items === 'string' && /^\s*\{\{[^]*\}\}\s*$/.test(items);
  if (typeof items === 'function' || Array.isArray(items) || isTag || (typeof items === 'object' && items !== null)) {
    return reader.value('items', items);
  }
  reader.add('INVALID_TYPE', 'items', 'items must be an array, or one tag that gives an array', {
    expected: "a text such as '{{steps.search.output.items}}'",
    received: describe(items),
  });
  return null;
}

function readDecide(given: Given, mode: Mode, reader: StepReader): LoopStep['decide'] {
  return mode === 'items' || given[mode] === undefined ? null : reader.decision(mode, given[mode]);
}

function readBody(given: Given, reader: StepReader): readonly Step[] {
  if (given.step !== undefined) return reader.sequenceOfOne('step', given.step, 'step');
  return given.steps === undefined ? [] : reader.steps('steps', given.steps);
}

function readConcurrency(given: Given): number {
  const limit = given.maxConcurrency ?? Number.POSITIVE_INFINITY;
  if (given.parallel === undefined || given.parallel === false) return 1;
  if (typeof given.parallel === 'number') return Math.min(given.parallel, limit);
  return given.maxConcurrency ?? defaultLoopConcurrency;
}
