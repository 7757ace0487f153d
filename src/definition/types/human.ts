/** `human`: pauses for a person. */
import { isPlainObject } from '../../core/json.ts';
import { describe, quote } from '../describe.ts';
import type { DataSchema, HumanStep, StepBase } from '../definition.ts';
import { anything, nonEmptyText } from '../fields.ts';
import type { SchemaForm } from '../forms.ts';
import { refuseAttempts } from '../single-attempt.ts';
import { stepKind, templateExpression, type StepReader } from '../step-kind.ts';

export interface HumanForm {
  readonly type: 'human';
  readonly title?: string;
  readonly message?: string;
  /** Of the answer, an object. @default `{ decision: 'approve' | 'reject', comment?: text }` */
  readonly form?: SchemaForm;
  /** Who may answer: names, or one text. @default anybody */
  readonly assignees?: string | readonly string[];
  /**
   * What happens after `timeout`: an answer to the default form, or a step of the same sequence. A step that is called
   * like an answer is named by `{ goto }`. @default 'fail'
   */
  readonly onTimeout?: 'fail' | 'approve' | 'reject' | (string & {}) | { readonly goto: string };
  readonly retry?: never;
  readonly totalTimeout?: never;
}

export const human = stepKind({
  type: 'human',
  what: 'a human step',
  allows: ['compensate'],
  fields: {
    title: nonEmptyText.optional(),
    message: nonEmptyText.optional(),
    form: anything.optional(),
    assignees: anything.optional(),
    onTimeout: anything.optional(),
  },
  hints: {
    prompt: "what the person reads is 'message'",
    description: "what the person reads is 'message'",
    question: "what the person reads is 'message'",
    schema: "the schema of the answer is 'form'",
    fields: "the schema of the answer is 'form'",
    approvers: "who may answer is 'assignees'",
    assignee: "who may answer is 'assignees'",
    to: "who may answer is 'assignees'",
    maxWait: "the time is bounded by 'timeout'",
    then: "put a conditional step after it: {{steps.<id>.output.decision}} === 'approve'",
  },
  read(given, base, reader): HumanStep {
    refuseAttempts(base, 'a human step', reader);
    return {
      ...base,
      type: 'human',
      title: given.title === undefined ? null : reader.template('title', given.title),
      message: given.message === undefined ? null : reader.template('message', given.message),
      form: given.form === undefined ? null : readForm(given.form, reader),
      assignees: given.assignees === undefined ? null : readAssignees(given.assignees, reader),
      onTimeout: given.onTimeout === undefined ? { kind: 'fail' } : readOnTimeout(given, base, reader),
    };
  },
  expressions: (step) => [
    templateExpression(`${step.path}.title`, step.title),
    templateExpression(`${step.path}.message`, step.message),
    templateExpression(`${step.path}.assignees`, step.assignees),
  ],
});

const combinators = ['allOf', 'anyOf', 'oneOf', '$ref', 'if'];

/** The answer is an object, to which who gave it is added as `by`. */
function readForm(value: unknown, reader: StepReader): DataSchema | null {
  const form = reader.schema('form', value);
  if (form === null) return null;
  const { json } = form;
  if (!isPlainObject(json) || !(json['type'] === 'object' || (json['type'] === undefined && isCombined(json)))) {
    reader.add('INVALID_SCHEMA', 'form', 'form must be the schema of an object: each field of the answer', {
      expected: "a schema such as { type: 'object', properties: { score: { type: 'number' } } }",
    });
  } else if (isPlainObject(json['properties']) && Object.hasOwn(json['properties'], 'by')) {
    reader.add('RESERVED_FIELD', 'form', "a form cannot have a field 'by': it says who gave the answer", {
      hint: 'choose another name',
    });
  }
  return form;
}

function isCombined(json: Readonly<Record<string, unknown>>): boolean {
  return combinators.some((keyword) => json[keyword] !== undefined);
}

function readAssignees(value: unknown, reader: StepReader): HumanStep['assignees'] {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  const wrong = names.findIndex((name) => typeof name !== 'string' || name === '');
  if (names.length > 0 && wrong === -1) return reader.template('assignees', value);
  const field = wrong !== -1 && Array.isArray(value) ? `assignees[${wrong}]` : 'assignees';
  reader.add('INVALID_TYPE', field, 'assignees must be a list of names, or one text', {
    expected: "a list such as ['kim', '{{workflow.input.owner}}']",
    received: describe(wrong === -1 ? value : names[wrong]),
  });
  return null;
}

interface Given {
  readonly form?: unknown;
  readonly onTimeout?: unknown;
}

const words = ['fail', 'approve', 'reject'] as const;

function readOnTimeout(given: Given, { timeoutMs }: StepBase, reader: StepReader): HumanStep['onTimeout'] {
  const fail = { kind: 'fail' } as const;
  const value = given.onTimeout;
  if (timeoutMs === null) reader.add('FIELD_MISPLACED', 'onTimeout', 'onTimeout needs timeout');
  const word = words.find((each) => each === value);
  if (word !== undefined) {
    if (word === 'fail' || given.form === undefined) return { kind: word };
    reader.add(
      'FIELD_CONFLICT',
      'onTimeout',
      `${quote(word)} is an answer to the default form, and this step has a form of its own`,
      {
        expected: "'fail' or a step id",
        hint: `to go to a step of this name, write { goto: ${quote(word)} }`,
      },
    );
    return fail;
  }
  const target: unknown = isGoto(value) ? value['goto'] : value;
  if (typeof target === 'string' && target !== '') return { kind: 'goto', target };
  reader.add('INVALID_TYPE', 'onTimeout', 'onTimeout is not one of its forms', {
    expected: "'fail', 'approve', 'reject' or a step id",
    received: describe(value),
  });
  return fail;
}

function isGoto(value: unknown): value is Readonly<Record<string, unknown>> {
  return isPlainObject(value) && Object.keys(value).length === 1 && Object.hasOwn(value, 'goto');
}
