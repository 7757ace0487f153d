/** What people and programs say to a run, checked and made into events: signals, answers, control. */
import { InputError, InvariantError, WorkflowError } from '../../core/errors.ts';
import type { SignalReceived, TaskAnswered } from '../../core/event.ts';
import { isPlainObject, throughJson } from '../../core/json.ts';
import { toDataSchema } from '../../definition/index.ts';
import type { DataSchema, HumanStep } from '../../definition/definition.ts';
import type { RunContext } from '../../../machines/context.ts';
import type { EngineLimits } from '../options.ts';
import type { Program } from '../../../machines/program.ts';
import { recordOf } from '../../../machines/record.ts';

export interface Reason {
  /** Who. */
  readonly by?: string;
  readonly why?: string;
}

const maxReasonLength = 1_000;

/** Who and why alone, as texts. @throws WorkflowError REQUEST_INVALID */
export function checkReason({ by, why }: Reason): Reason {
  for (const text of [by, why]) {
    if (text !== undefined && (typeof text !== 'string' || text.length > maxReasonLength))
      throw new WorkflowError('REQUEST_INVALID', `who and why are texts of at most ${maxReasonLength} characters`);
  }
  return { ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) };
}

/** The pause of one visit of a `human` step. */
export interface TaskAddress {
  readonly run: string;
  readonly step: string;
  readonly visit: number;
}

/** `<run>:<step>:<visit>`. Steps have no colon in their ids; runs may. */
export function taskId({ run, step, visit }: TaskAddress): string {
  return `${run}:${step}:${visit}`;
}

/** @throws WorkflowError NOT_FOUND when it cannot be the id of a task */
export function parseTaskId(id: string): TaskAddress {
  const match = /^(.+):([A-Za-z_][A-Za-z0-9_-]*):(\d+)$/.exec(id);
  if (match === null)
    throw new WorkflowError(
      'NOT_FOUND',
      `'${id.slice(0, 100)}' is not the id of a task: expected <runId>:<step>:<visit>`,
    );
  const [, run = '', step = '', visit = ''] = match;
  return { run, step, visit: Number(visit) };
}

const maxNameLength = 200;

/** @throws WorkflowError REQUEST_INVALID, LIMIT_EXCEEDED */
export function signalCommand(
  name: string,
  payload: unknown,
  by: string | undefined,
  maxBytes: number,
): SignalReceived {
  if (typeof name !== 'string' || name === '' || name.length > maxNameLength || /^xstate\.|^\$/.test(name)) {
    throw new WorkflowError(
      'REQUEST_INVALID',
      `a signal has a name of 1 to ${maxNameLength} characters that begins with neither 'xstate.' nor '$'`,
    );
  }
  return {
    type: 'signal.received',
    name,
    payload: { v: plainData(payload, `the payload of signal '${name}'`, maxBytes) },
    ...(by === undefined ? {} : { by }),
  };
}

/** As JSON data. @throws WorkflowError REQUEST_INVALID, LIMIT_EXCEEDED, which names the option that sets the limit */
export function plainData(
  value: unknown,
  what: string,
  maxBytes: number,
  option: keyof EngineLimits = 'maxInputBytes',
): unknown {
  let plain: unknown;
  try {
    plain = throughJson(value) ?? null;
  } catch (error) {
    throw new WorkflowError(
      'REQUEST_INVALID',
      `${what} is not JSON data: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const size = JSON.stringify(plain).length;
  if (size > maxBytes)
    throw new WorkflowError(
      'LIMIT_EXCEEDED',
      `${what} is ${size} characters of JSON, more than the limit of ${maxBytes} (option limits.${option})`,
    );
  return plain;
}

let decisionForm: DataSchema | null = null;

/** Made when it is first asked for: compiling it takes longer than all else of an engine's start. */
function defaultForm(): DataSchema {
  const form = toDataSchema({
    type: 'object',
    properties: { decision: { enum: ['approve', 'reject'] }, comment: { type: 'string' } },
    required: ['decision'],
    additionalProperties: false,
  });
  if ('schema' in form) return form.schema;
  throw new InvariantError('the default form is not a schema');
}

/** The form of a `human` step's answer. */
export function formOf(step: HumanStep): DataSchema {
  return step.form ?? (decisionForm ??= defaultForm());
}

/** @throws InputError with all problems of the answer; WorkflowError NOT_FOUND, CONFLICT when the task is not open */
export function answerCommand(
  address: TaskAddress,
  program: Program,
  context: RunContext,
  answer: unknown,
  by: string | undefined,
  maxBytes: number,
): TaskAnswered {
  const index = program.byId.get(address.step);
  const step = index === undefined ? undefined : program.steps[index]?.step;
  if (index === undefined || step?.type !== 'human')
    throw new WorkflowError('NOT_FOUND', `run '${address.run}' has no task '${taskId(address)}'`);
  const { status, visit } = recordOf(context, index);
  if (status !== 'running' || visit !== address.visit) {
    const what =
      visit > address.visit
        ? 'belongs to an earlier visit of its step'
        : status === 'pending'
          ? 'is not open yet'
          : `is not open any more: its step is ${status}`;
    throw new WorkflowError('CONFLICT', `task '${taskId(address)}' ${what}`);
  }
  const parsed = formOf(step).parse(plainData(answer, 'the answer', maxBytes));
  if ('issues' in parsed) throw new InputError(`${program.definition.name}', task '${taskId(address)}`, parsed.issues);
  const value = throughJson(parsed.value) ?? null;
  const output = isPlainObject(value) && !Object.hasOwn(value, 'by') ? { ...value, by: by ?? null } : value;
  return {
    type: 'task.answered',
    step: address.step,
    visit: address.visit,
    output: { v: output },
    ...(by === undefined ? {} : { by }),
  };
}
