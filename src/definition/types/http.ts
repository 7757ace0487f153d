/** `http`: calls any HTTP endpoint. Address rules (private networks, redirects) apply when it runs. */
import { z } from 'zod';
import { headerNameProblem, httpMethods, wholeUrlTemplate } from '../../core/http-names.ts';
import { joinPath } from '../../core/issue.ts';
import { isPlainObject } from '../../core/json.ts';
import { compileValue } from '../../expressions/value-template.ts';
import { describe, quote } from '../describe.ts';
import type { HttpStep } from '../definition.ts';
import { callbackFields, readCallback, type CallbackForm } from '../callback-fields.ts';
import { anything, nonEmptyText } from '../fields.ts';
import { allEffectFields, stepKind, templateExpression, valueExpression, type StepReader } from '../step-kind.ts';
import type { DataForm, HttpMethod, ValueForm } from '../forms.ts';

export interface HttpForm<Context> extends CallbackForm {
  readonly type: 'http';
  /** @default 'GET', or 'POST' with a body */
  readonly method?: HttpMethod;
  /** Values put into it are percent-encoded. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly query?: string | Readonly<Record<string, DataForm>>;
  readonly body?: ValueForm<Context>;
  /** The output: the body, or `{ status, headers, body }`. @default 'body' */
  readonly pick?: 'body' | 'response';
}

export const http = stepKind({
  type: 'http',
  what: 'an http step',
  allows: allEffectFields,
  fields: {
    method: z
      .preprocess((value) => (typeof value === 'string' ? value.toUpperCase() : value), z.enum(httpMethods))
      .optional(),
    url: nonEmptyText,
    headers: anything.optional(),
    query: anything.optional(),
    body: anything.optional(),
    pick: z.enum(['body', 'response']).optional(),
    ...callbackFields,
  },
  hints: {
    input: "the data of a request is its 'body' (or 'query')",
    data: "the data of a request is its 'body'",
    params: "parameters of the URL are 'query'",
  },
  read(given, base, reader): HttpStep {
    const method = given.method ?? (given.body === undefined ? 'GET' : 'POST');
    if (given.body !== undefined && (method === 'GET' || method === 'HEAD')) {
      reader.add('FIELD_CONFLICT', 'body', `a ${method} request has no body`, {
        hint: "use 'query', or method 'POST'",
      });
    }
    if (given.url !== undefined) checkUrl(given.url, reader);
    checkHeaders(given.headers, reader);
    checkQuery(given.query, reader);
    return {
      ...base,
      type: 'http',
      ...readCallback(given, base, reader),
      method,
      url: (given.url === undefined ? null : reader.template('url', given.url)) ?? compileValue(''),
      headers: given.headers === undefined ? null : reader.template('headers', given.headers),
      query: given.query === undefined ? null : reader.template('query', given.query),
      body: given.body === undefined ? null : reader.value('body', given.body),
      pick: given.pick ?? 'body',
    };
  },
  expressions: (step) => [
    templateExpression(`${step.path}.url`, step.url, { env: true }),
    templateExpression(`${step.path}.headers`, step.headers, { env: true }),
    templateExpression(`${step.path}.query`, step.query, { env: true }),
    valueExpression(`${step.path}.body`, step.body, { env: true }),
  ],
});

const wholeTag = /^\s*\{\{[^{}]*\}\}\s*$/;
/** Scheme and host, up to the slash, question mark or hash that ends them. */
const origin = /^https?:\/\/[^/?#\\{}\s]+(?=[/?#])/i;

function checkUrl(url: string, reader: StepReader): void {
  const whole = wholeUrlTemplate(url);
  if (whole !== null) {
    if (whole.literal !== null) checkAddress(whole.literal, reader);
    return;
  }
  const tag = url.indexOf('{{');
  const literal = tag === -1 ? url : url.slice(0, tag);
  if (tag !== -1 && !origin.test(literal)) {
    reader.add('URL_HOST_TEMPLATE', 'url', 'the host of a url cannot come from a template', {
      expected: "a host that is written out, such as 'https://api.example.com/items/{{workflow.input.id}}'",
      hint: "or give the whole url as one tag: '{{steps.a.output.url}}'",
    });
    return;
  }
  checkAddress(literal, reader);
}

function checkAddress(url: string, reader: StepReader): void {
  const parsed = parseUrl(url);
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    reader.add('INVALID_URL', 'url', `url is not an http(s) address`, {
      expected: "a text such as 'https://api.example.com/items'",
      received: quote(url),
    });
  } else if (parsed.username !== '' || parsed.password !== '') {
    reader.add('URL_CREDENTIALS', 'url', 'a url cannot hold a user name or password', {
      hint: "send them in a header: Authorization: 'Bearer {{env.API_KEY}}'",
    });
  }
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function checkHeaders(headers: unknown, reader: StepReader): void {
  if (headers === undefined) return;
  if (!isPlainObject(headers)) {
    reader.add('INVALID_TYPE', 'headers', 'headers must be an object: each name with its value', {
      received: describe(headers),
    });
    return;
  }
  const seen = new Map<string, string>();
  for (const name of Object.keys(headers)) {
    const problem = headerNameProblem(name);
    const before = seen.get(name.toLowerCase());
    if (problem !== null) reader.add('INVALID_HEADER', joinPath('headers', name), problem);
    else if (before !== undefined)
      reader.add(
        'INVALID_HEADER',
        joinPath('headers', name),
        `header '${name}' is there twice: '${before}' is the same name`,
      );
    seen.set(name.toLowerCase(), name);
    checkHeaderValue(name, headers[name], reader);
  }
}

function checkHeaderValue(name: string, value: unknown, reader: StepReader): void {
  const field = joinPath('headers', name);
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean' && value !== undefined) {
    reader.add('INVALID_HEADER', field, `the value of header ${quote(name)} must be a text`, {
      received: describe(value),
    });
  } else if (typeof value === 'string' && /[\r\n\0]/.test(value)) {
    reader.add('INVALID_HEADER', field, `the value of header ${quote(name)} contains a line break`);
  }
}

function checkQuery(query: unknown, reader: StepReader): void {
  if (query === undefined || isPlainObject(query) || (typeof query === 'string' && wholeTag.test(query))) return;
  reader.add('INVALID_TYPE', 'query', 'query must be an object: each parameter with its value', {
    received: describe(query),
  });
}
