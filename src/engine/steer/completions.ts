/** What is said about an effect that completes later, checked and made into the event of its result. */
import { errorTable, TerminalError, toErrorData, WorkflowError, type ErrorCode } from '../../core/errors.ts';
import type { EffectCompleted, EffectFailed } from '../../core/event.ts';
import { isPlainObject } from '../../core/json.ts';
import type { RunState } from '../../core/run-state.ts';
import type { AgentStep, HttpStep, Step, Value } from '../../definition/definition.ts';
import { mismatch } from '../../effects/agent.ts';
import type { ValueTemplate } from '../../expressions/value-template.ts';
import { readLateAnswer } from '../../http/agent-answer.ts';
import { maskSecrets } from '../../http/mask.ts';
import type { Program } from '../../../machines/program.ts';
import { recordOf } from '../../../machines/record.ts';
import type { RunContext } from '../../../machines/context.ts';
import type { AttemptAddress } from './callback-token.ts';
import { plainData } from './commands.ts';

/** What somebody says who completes an effect. */
export type Completion =
  /** The output of the step. `metadata`: what `steps.<id>.metadata` is to hold. */
  | { readonly output: unknown; readonly metadata?: Readonly<Record<string, unknown>> }
  /** What the agent would have answered at once: `{ response, metadata, ... }`. */
  | { readonly answer: unknown }
  | { readonly error: EffectError };

/** Why it failed: a text, an error, or its parts. `retryable`: whether another attempt may follow. @default true */
export type EffectError =
  | string
  | Error
  | { readonly message: string; readonly code?: string; readonly retryable?: boolean; readonly retryAfterMs?: number };

export interface CompletionSubject {
  readonly address: AttemptAddress;
  readonly program: Program;
  readonly state: RunState;
}

export interface CompletionLimits {
  /** Of the output, in characters of JSON. */
  readonly maxBytes: number;
  /** Whose values are masked, where the step names them. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The step whose work it is. @throws WorkflowError NOT_FOUND; CONFLICT when the attempt is over */
export function openAttempt({ address, program, state }: CompletionSubject): AgentStep | HttpStep {
  const index = program.byId.get(address.step);
  const step = index === undefined ? undefined : program.steps[index]?.step;
  if (index === undefined || (step?.type !== 'agent' && step?.type !== 'http') || !step.callback)
    throw new WorkflowError('NOT_FOUND', `run '${address.run}' has no step '${address.step}' that completes later`);
  const input = state.effects.get(step.id)?.input;
  if (input?.visit === address.visit && input.attempt === address.attempt) return step;
  const { context } = state.snapshot as { readonly context: RunContext };
  const { status, visit, attempt } = recordOf(context, index);
  const isEarlier = visit > address.visit || (visit === address.visit && attempt > address.attempt);
  const why = isEarlier ? 'another attempt has taken its place' : `its step is ${status}`;
  throw new WorkflowError(
    'CONFLICT',
    `attempt ${address.attempt} (visit ${address.visit}) of step '${step.id}' of run '${address.run}' is over: ${why}`,
  );
}

/** @throws WorkflowError REQUEST_INVALID, LIMIT_EXCEEDED, NOT_FOUND; CONFLICT when the attempt is over */
export function completionEvent(
  subject: CompletionSubject,
  completion: Completion,
  limits: CompletionLimits,
): EffectCompleted | EffectFailed {
  const step = openAttempt(subject);
  const { visit, attempt } = subject.address;
  const token = { effect: step.id, visit, attempt };
  const masked = <T>(value: T): T => maskSecrets(value, secretsOf(step, limits.env)) as T;
  try {
    if ('error' in completion) throw errorOf(step, completion.error);
    const { output, metadata } = resultOf(step, completion);
    const value = masked(plainData(output, `the output of step '${step.id}'`, limits.maxBytes, 'maxOutputBytes'));
    const beside = masked(plainData(metadata, `the metadata of step '${step.id}'`, limits.maxBytes, 'maxOutputBytes'));
    return {
      type: 'effect.completed',
      ...token,
      output: { v: checked(step, value) },
      ...(isPlainObject(beside) ? { metadata: beside } : {}),
    };
  } catch (error) {
    if (error instanceof WorkflowError && isOfCaller(error)) throw error;
    return { type: 'effect.failed', ...token, error: masked(toErrorData(error)) };
  }
}

/** Who sends what cannot be used is told so; the attempt goes on. */
function isOfCaller({ code }: WorkflowError): boolean {
  return code === 'REQUEST_INVALID' || code === 'LIMIT_EXCEEDED';
}

function resultOf(
  step: AgentStep | HttpStep,
  completion: Exclude<Completion, { readonly error: unknown }>,
): { readonly output: unknown; readonly metadata?: Readonly<Record<string, unknown>> } {
  if ('output' in completion) return completion;
  if (step.type === 'agent' && step.action === 'prompt')
    return readLateAnswer(step.agentId, completion.answer, step.format);
  return { output: completion.answer };
}

/** With the defaults of the schema. @throws WorkflowError OUTPUT_INVALID */
function checked(step: AgentStep | HttpStep, value: unknown): unknown {
  if (step.type !== 'agent' || step.schema === null) return value;
  const parsed = step.schema.parse(value);
  if ('issues' in parsed) throw mismatch(step, parsed.issues, value);
  return plainData(parsed.value, `the output of step '${step.id}'`, Number.POSITIVE_INFINITY);
}

function errorOf(step: AgentStep | HttpStep, given: EffectError): unknown {
  if (given instanceof WorkflowError) return given;
  const error = typeof given === 'string' ? { message: given } : given;
  const { code, retryable, retryAfterMs } = error as Exclude<EffectError, string | Error>;
  if (typeof error.message !== 'string' || error.message === '')
    throw new WorkflowError('REQUEST_INVALID', 'a failure needs a message that is a text');
  if (code !== undefined && !Object.hasOwn(errorTable, code)) {
    const known = Object.keys(errorTable).join(', ');
    throw new WorkflowError('REQUEST_INVALID', `'${code.slice(0, 60)}' is no code of a failure; there are ${known}`);
  }
  if (retryable === false && code === undefined) return new TerminalError(error.message, { cause: causeOf(given) });
  return new WorkflowError((code as ErrorCode | undefined) ?? codeOf(step), error.message, {
    cause: causeOf(given),
    ...(typeof retryable === 'boolean' ? { retryable } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  });
}

function causeOf(given: EffectError): unknown {
  return given instanceof Error ? given.cause : undefined;
}

function codeOf({ type }: Step): ErrorCode {
  return type === 'agent' ? 'AGENT_ERROR' : 'HTTP_ERROR';
}

/** The secrets that the step sent. */
function secretsOf(step: AgentStep | HttpStep, env: CompletionLimits['env']): ReadonlyMap<string, string> {
  const templates =
    step.type === 'agent' ? [templateOf(step.input)] : [step.url, step.headers, step.query, templateOf(step.body)];
  const secrets = new Map<string, string>();
  for (const { segments } of templates.flatMap((template) => template?.paths ?? [])) {
    const name = segments[0] === 'env' ? String(segments[1]) : '';
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && value !== '') secrets.set(name, value);
  }
  return secrets;
}

function templateOf(value: Value | null): ValueTemplate | null {
  return value?.kind === 'template' ? value.template : null;
}
