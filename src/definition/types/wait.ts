/** `wait`: lets time pass, or waits while a condition is true. */
import { z } from 'zod';
import { describe } from '../describe.ts';
import type { WaitStep } from '../definition.ts';
import { durationExpectation, parseDuration, type DurationInput } from '../../core/duration.ts';
import { anything, duration, nonEmptyText } from '../fields.ts';
import { defaultPollIntervalMs } from '../limits.ts';
import { decisionExpression, stepKind, templateExpression, type StepReader } from '../step-kind.ts';
import type { DecisionForm } from '../forms.ts';

export interface WaitForm<Context, Inline> {
  readonly type: 'wait';
  /** Milliseconds, `'30s'`, or a template that gives either. With a condition: the first pause. */
  readonly duration?: DurationInput;
  /** An ISO time, or a template that gives one. */
  readonly until?: string;
  /** Waits while it is true. */
  readonly condition?: DecisionForm<Context>;
  /** Between looks at the condition. @default 1000 */
  readonly pollInterval?: DurationInput;
  /** A step that runs before each look. */
  readonly poll?: Inline;
  readonly maxWait?: DurationInput;
  /** What happens after `maxWait`. @default 'fail' */
  readonly onTimeout?: 'fail' | 'continue';
}

export const wait = stepKind({
  type: 'wait',
  what: 'a wait step',
  fields: {
    duration: anything.optional(),
    until: nonEmptyText.optional(),
    condition: anything.optional(),
    pollInterval: duration().optional(),
    poll: anything.optional(),
    maxWait: duration().optional(),
    onTimeout: z.enum(['fail', 'continue']).optional(),
  },
  ownCondition: true,
  hints: {
    seconds: "the time is 'duration', such as '30s'",
    ms: "the time is 'duration', in milliseconds",
    while: "the condition is 'condition': the step waits while it is true",
  },
  read(given, base, reader): WaitStep {
    checkFields(given, reader);
    return {
      ...base,
      type: 'wait',
      duration: given.duration === undefined ? null : readDuration(given.duration, reader),
      until: given.until === undefined ? null : readUntil(given.until, reader),
      while: given.condition === undefined ? null : reader.decision('condition', given.condition),
      pollIntervalMs: given.pollInterval ?? defaultPollIntervalMs,
      poll: given.poll === undefined ? null : reader.inline('poll', given.poll, 'poll'),
      maxWaitMs: given.maxWait ?? null,
      onTimeout: given.onTimeout ?? 'fail',
    };
  },
  expressions: (step) => [
    typeof step.duration === 'number' ? null : templateExpression(`${step.path}.duration`, step.duration),
    templateExpression(`${step.path}.until`, step.until),
    decisionExpression(`${step.path}.condition`, step.while, { moment: 'during' }),
  ],
});

type Given = Readonly<
  Record<'duration' | 'until' | 'condition' | 'pollInterval' | 'poll' | 'maxWait' | 'onTimeout', unknown>
>;

function checkFields(given: Partial<Given>, reader: StepReader): void {
  if (given.duration === undefined && given.until === undefined && given.condition === undefined) {
    reader.add('REQUIRED', 'duration', 'a wait step needs duration, until or condition');
  }
  if (given.until !== undefined && given.duration !== undefined) {
    reader.add('FIELD_CONFLICT', 'until', 'a wait step has either duration or until, not both');
  }
  if (given.until !== undefined && given.condition !== undefined) {
    reader.add('FIELD_CONFLICT', 'until', 'a wait step has either until or condition, not both', {
      hint: "'maxWait' bounds a condition",
    });
  }
  if (given.condition !== undefined) {
    if (given.onTimeout !== undefined && given.maxWait === undefined)
      reader.add('FIELD_MISPLACED', 'onTimeout', 'onTimeout needs maxWait');
    return;
  }
  for (const field of ['pollInterval', 'poll', 'maxWait', 'onTimeout'] as const) {
    if (given[field] !== undefined)
      reader.add('FIELD_MISPLACED', field, `${field} needs a condition: the step waits while it is true`);
  }
}

function readDuration(value: unknown, reader: StepReader): WaitStep['duration'] {
  if (typeof value === 'string' && value.includes('{{')) return reader.template('duration', value);
  const result = parseDuration(value, 'zero');
  if ('ms' in result) return result.ms;
  const expected = result.problem.includes(durationExpectation) ? {} : { expected: durationExpectation };
  reader.add('INVALID_VALUE', 'duration', `duration ${result.problem}`, { ...expected, received: describe(value) });
  return null;
}

const isoTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

function readUntil(value: string, reader: StepReader): WaitStep['until'] {
  if (!value.includes('{{') && (!isoTime.test(value) || Number.isNaN(Date.parse(value)))) {
    reader.add('INVALID_VALUE', 'until', 'until must be an ISO time with its zone', {
      expected: "a text such as '2030-01-31T09:00:00Z'",
      received: describe(value),
    });
    return null;
  }
  return reader.template('until', value);
}
