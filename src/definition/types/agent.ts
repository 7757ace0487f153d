/** `agent`: asks an agent, by its prompt endpoint or any other of its HTTP endpoints. */
import { z } from 'zod';
import { httpMethods } from '../../core/http-names.ts';
import { isPlainObject } from '../../core/json.ts';
import type { AgentStep } from '../definition.ts';
import { callbackFields, readCallback, type CallbackForm } from '../callback-fields.ts';
import { anything, integer, nonEmptyText } from '../fields.ts';
import { allEffectFields, stepKind, valueExpression, type StepReader } from '../step-kind.ts';
import type { HttpMethod, SchemaForm, ValueForm } from '../forms.ts';

/** What an author writes. `Context` is the step's context as functions get it. */
export interface AgentForm<Context> extends CallbackForm {
  readonly type: 'agent';
  /** Name or id of an agent, or the URL of one. */
  readonly agentId: string;
  /** @default 'prompt' */
  readonly action?: 'prompt' | 'http';
  /** A path of the agent, for action 'http'. */
  readonly endpoint?: string;
  /** For action 'http'. @default 'POST' */
  readonly method?: HttpMethod;
  readonly input?: ValueForm<Context>;
  /** How the agent's text becomes the output. @default 'auto': parsed when it is a JSON object or array */
  readonly format?: 'auto' | 'text' | 'json';
  /** Checks the output. */
  readonly schema?: SchemaForm;
  /** How often the agent is asked again with the validation errors. @default 0 */
  readonly repair?: number;
}

const fields = {
  agentId: nonEmptyText,
  action: z.enum(['prompt', 'http']).optional(),
  endpoint: nonEmptyText.optional(),
  method: z
    .preprocess((value) => (typeof value === 'string' ? value.toUpperCase() : value), z.enum(httpMethods))
    .optional(),
  input: anything.optional(),
  format: z.enum(['auto', 'text', 'json']).optional(),
  schema: anything.optional(),
  repair: integer(0, 10).optional(),
  ...callbackFields,
};

export const agent = stepKind({
  type: 'agent',
  what: 'an agent step',
  allows: allEffectFields,
  fields,
  hints: {
    prompt: "put it into input: { prompt: '...' }",
    agent: "the agent is named by 'agentId'",
    body: "an agent's data is its 'input'",
    url: "give the agent's address as 'agentId', or use a step of type 'http'",
  },
  read(given, base, reader): AgentStep {
    const action = given.action ?? 'prompt';
    checkAction(given, action, reader);
    return {
      ...base,
      type: 'agent',
      ...readCallback(given, base, reader),
      agentId: given.agentId === undefined ? '' : (readAgentId(given.agentId, reader) ?? ''),
      action,
      endpoint: given.endpoint ?? null,
      method: given.method ?? 'POST',
      input: given.input === undefined ? null : reader.value('input', given.input),
      format: given.format ?? 'auto',
      schema: given.schema === undefined ? null : reader.schema('schema', given.schema),
      repair: given.repair ?? 0,
    };
  },
  expressions: (step) => [valueExpression(`${step.path}.input`, step.input, { env: true })],
});

function readAgentId(text: string, reader: StepReader): string | null {
  if (text.includes('{{')) {
    reader.add(
      'AGENT_TEMPLATE',
      'agentId',
      'agentId cannot be a template: the agent is chosen when the workflow is written',
      {
        hint: 'use a switch step with one agent step per case',
      },
    );
    return null;
  }
  return reader.agentId('agentId', text);
}

interface Given {
  readonly endpoint?: string | undefined;
  readonly method?: string | undefined;
  readonly input?: unknown;
  readonly schema?: unknown;
  readonly repair?: number | undefined;
  readonly callback?: boolean | undefined;
}

function checkAction(given: Given, action: 'prompt' | 'http', reader: StepReader): void {
  if (action === 'prompt') {
    if (given.endpoint !== undefined)
      reader.add('FIELD_MISPLACED', 'endpoint', "endpoint needs action 'http'; a prompt goes to the agent's /prompt");
    if (given.method !== undefined && given.method !== 'POST')
      reader.add('FIELD_MISPLACED', 'method', "method needs action 'http'; a prompt is sent with POST");
    checkPrompt(given.input, reader);
  }
  if (given.endpoint !== undefined) checkEndpoint(given.endpoint, reader);
  if (given.callback === true && given.repair !== undefined && given.repair > 0) {
    reader.add('FIELD_CONFLICT', 'repair', 'a step has either repair or callback, not both', {
      hint: "an output that does not fit the schema fails the attempt: 'retry' asks again",
    });
  }
  if (given.repair !== undefined && given.repair > 0 && given.schema === undefined) {
    reader.add('FIELD_MISPLACED', 'repair', "repair needs a 'schema': the agent is asked again with its errors");
  }
}

function checkPrompt(input: unknown, reader: StepReader): void {
  if (input === undefined) {
    reader.add('REQUIRED', 'input', 'input is required: an agent is never sent an empty prompt', {
      hint: "add input: { prompt: '...' }",
    });
  }
  if (!isPlainObject(input) || !Object.hasOwn(input, 'prompt')) return;
  const { prompt } = input;
  if (prompt === undefined || prompt === null || (typeof prompt === 'string' && prompt.trim() === '')) {
    reader.add('EMPTY_PROMPT', 'input.prompt', 'the prompt is empty: no agent is sent an empty prompt');
  }
}

function checkEndpoint(endpoint: string, reader: StepReader): void {
  if (endpoint.includes('{{')) {
    reader.add('ENDPOINT_TEMPLATE', 'endpoint', 'endpoint cannot contain a template', {
      hint: "send the values in 'input', or use a step of type 'http'",
    });
  } else if (!/^\/(?![/\\])[^\s\\]*$/.test(endpoint)) {
    reader.add('INVALID_VALUE', 'endpoint', 'endpoint must be a path of the agent', {
      expected: "a text that begins with one '/'",
      received: `'${endpoint.slice(0, 60)}'`,
    });
  }
}
