/** The work of `http` steps. */
import { EffectResult } from '../core/effect.ts';
import { InvariantError, TemplateError } from '../core/errors.ts';
import { wholeUrlTemplate } from '../core/http-names.ts';
import { isPlainObject } from '../core/json.ts';
import type { HttpStep } from '../definition/definition.ts';
import { callbackHeaders, idempotencyHeaders } from '../http/headers.ts';
import { failOnStatus } from '../http/status.ts';
import { callTimeoutMs, idempotencyKey, SecretScope, type EffectCall } from './call.ts';

export async function httpEffect(call: EffectCall): Promise<EffectResult> {
  const step = call.input.info?.step;
  if (step?.type !== 'http') throw new InvariantError(`not an http step: ${step?.type ?? 'none'}`);
  const scope = new SecretScope(call);
  const { method, url, headers, query, body } = await renderRequest(step, scope);
  const answer = await call.services.http.send({
    method,
    url,
    headers: {
      ...idempotencyHeaders(idempotencyKey(call.input), call.input.attempt),
      ...callbackHeaders(call.callback),
      ...headers,
    },
    body,
    timeoutMs: callTimeoutMs(step),
    signal: call.signal,
    onChunk: (text) => {
      call.stream(text);
    },
    ...(isPlainObject(query) ? { query } : {}),
    ...(scope.secrets.size === 0 ? {} : { secrets: scope.secrets }),
    ...(call.callback === undefined ? {} : { credentials: [call.callback.token] }),
  });
  if (call.callback !== undefined && answer.status === 202) return new EffectResult(null, { isAccepted: true });
  failOnStatus(answer, { code: 'HTTP_ERROR', subject: `${method} ${answer.url}` });
  const { status } = answer;
  const headersBack = { ...answer.headers };
  if (step.pick === 'response')
    return new EffectResult({ status, headers: headersBack, body: answer.body }, { metadata: { status } });
  return new EffectResult(answer.body, { metadata: { status, headers: headersBack } });
}

export interface RenderedRequest {
  readonly method: HttpStep['method'];
  readonly url: string;
  readonly headers: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly query: unknown;
  readonly body: unknown;
}

/** The request of a step with its templates filled in. @throws TemplateError */
export async function renderRequest(step: HttpStep, scope: SecretScope): Promise<RenderedRequest> {
  const url = renderUrl(step, scope);
  if (typeof url !== 'string')
    throw new TemplateError(`the url of step '${step.id}' is not a text but ${JSON.stringify(url) ?? 'missing'}`);
  const headers = step.headers === null ? {} : headersOf(step.id, scope.render(step.headers));
  const query = step.query === null ? undefined : scope.render(step.query);
  return { method: step.method, url, headers, query, body: await scope.value(step.body) };
}

/** Values within a URL are encoded, so that they stay where they were put. */
/** A URL that comes whole from data is taken as it is; the address rules apply to it. */
function renderUrl(step: HttpStep, scope: SecretScope): unknown {
  const { source } = step.url;
  if (typeof source !== 'string' || wholeUrlTemplate(source) !== null) return scope.render(step.url);
  const url = scope.render(step.url, encodeURIComponent);
  // No encoding keeps these from being a step in a path.
  if (typeof url === 'string' && dotSegments(url) > dotSegments(source))
    throw new TemplateError(`a value in the url of step '${step.id}' is '.' or '..': it would lead to another path`);
  return url;
}

function dotSegments(url: string): number {
  const [path = ''] = url.split(/[?#]/);
  return path.split('/').filter((segment) => segment === '.' || segment === '..').length;
}

function headersOf(step: string, rendered: unknown): Record<string, string | number | boolean | undefined> {
  if (!isPlainObject(rendered)) throw new TemplateError(`the headers of step '${step}' are not an object`);
  return rendered as Record<string, string | number | boolean | undefined>;
}
