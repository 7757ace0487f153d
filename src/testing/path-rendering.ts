/**
 * What a step would send: prompts, URLs, headers, bodies and inputs are rendered as in production, and nothing is sent. A template
 * that cannot be rendered is a mistake of the workflow on that path.
 */
import { WorkflowError } from '../core/errors.ts';
import type { Step } from '../definition/definition.ts';
import { SecretScope, type EffectCall, type EffectHandler } from '../effects/call.ts';

/** @param handler that carries the effect out in production @throws what rendering throws */
export async function renderWork(call: EffectCall, handler: EffectHandler | undefined): Promise<void> {
  const step = call.input.info?.step;
  if (call.input.kind !== 'work' || step === undefined) return;
  if (step.type === 'agent' || step.type === 'http') {
    // The author's functions are not called.
    if (handler !== undefined && !(step.type === 'agent' && step.input?.kind === 'function'))
      await askedFor(call, step, handler);
  } else if (step.type === 'custom') new SecretScope(call).render(step.config);
  else if ((step.type === 'transform' || step.type === 'workflow') && step.input?.kind === 'template')
    await new SecretScope(call).value(step.input);
}

/** The handler itself renders, checks, and would send. */
async function askedFor(call: EffectCall, step: Step, handler: EffectHandler): Promise<void> {
  let url: string | null = null;
  const http = {
    send: (request: { readonly url: string }) => {
      url = request.url;
      return Promise.reject(new Error('nothing is sent'));
    },
    close: () => Promise.resolve(),
  };
  try {
    await handler({ ...call, services: { ...call.services, http } });
  } catch (error) {
    if (url === null) throw error;
  }
  if (url !== null && !URL.canParse(url))
    throw new WorkflowError('REQUEST_INVALID', `the URL of step '${step.id}' is none: ${String(url)}`);
}
