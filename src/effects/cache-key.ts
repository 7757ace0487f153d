/**
 * What a cached step is known by: its workflow, its id, and either the author's key or all that its work is made of, rendered.
 * A secret counts by its name. Functions count by their source text and the workflow's version.
 */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { InvariantError } from '../core/errors.ts';
import type { Step, UserFunction, Value } from '../definition/definition.ts';
import type { Scope } from '../expressions/path.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import { missingFunction } from '../../machines/evaluate.ts';
import { createFunctionContext } from '../../machines/function-context.ts';
import { createScope } from '../../machines/scope.ts';
import { loadingReader } from '../../machines/stored-reader.ts';
import type { EffectCall } from './call.ts';

/** What functions gave while the key was made: they are not called again. */
export type GivenValues = Map<Value, unknown>;

/**
 * At once, unless a function has a part in it.
 * @throws TemplateError; what functions throw
 */
export function cacheKey(
  call: Pick<EffectCall, 'input' | 'loader' | 'signal'>,
  given: GivenValues,
): string | Promise<string> {
  const { info, program } = call.input;
  const step = info?.step;
  if (step?.cache == null) throw new InvariantError('not a cached step');
  const renderer = new Renderer(call);
  const place = `${program.definition.name}/${step.id}`;
  if (step.cache.key !== null) return `${place}/${hash({ key: renderer.render(step.cache.key) })}`;
  const fn = functionIn(step);
  const made = { ...madeOf(step, renderer), version: program.definition.version };
  const finish = (value: unknown): string => `${place}/${hash({ ...made, value })}`;
  const value = valueOf(step);
  if (value?.kind !== 'function') return finish(value === null ? null : renderer.render(value.template));
  if (fn?.call == null) throw missingFunction(value);
  const context = createFunctionContext(call.input, { reader: loadingReader(call.loader), signal: call.signal });
  return Promise.resolve((value.call as (each: unknown) => unknown)(context)).then((result) => {
    given.set(value, result);
    return finish(result);
  });
}

class Renderer {
  readonly #scope: Scope;
  readonly #missing: 'error' | 'empty';

  constructor({ input, loader }: Pick<EffectCall, 'input' | 'loader'>) {
    const { program, context, step } = input;
    const inner = createScope(program, context, step, loadingReader(loader));
    this.#scope = (path) => (path.segments[0] === 'env' ? `{{${path.source}}}` : inner(path));
    this.#missing = program.definition.missing;
  }

  render(template: ValueTemplate): unknown {
    return template.render(this.#scope, { missing: this.#missing });
  }
}

/** What a function of the author may give. */
function valueOf(step: Step): Value | null {
  if (step.type === 'agent' || step.type === 'transform') return step.input;
  return step.type === 'http' ? step.body : null;
}

function functionIn(step: Step): UserFunction | null {
  const value = valueOf(step);
  return value?.kind === 'function' ? value : null;
}

/** All but what {@link valueOf} gives. */
function madeOf(step: Step, renderer: Renderer): Readonly<Record<string, unknown>> {
  const render = (template: ValueTemplate | null): unknown => (template === null ? null : renderer.render(template));
  switch (step.type) {
    case 'agent': {
      const { agentId, action, endpoint, method, format, schema, repair } = step;
      return { agentId, action, endpoint, method, format, schema: schema?.json ?? null, repair };
    }
    case 'http': {
      const { method, pick } = step;
      return { method, pick, url: render(step.url), headers: render(step.headers), query: render(step.query) };
    }
    case 'transform':
      return { template: render(step.template), code: step.transform?.fingerprint ?? null };
    case 'custom':
      return { type: step.name, config: renderer.render(step.config), code: step.run.fingerprint };
    default:
      throw new InvariantError(`a step of type '${step.type}' has no cache`);
  }
}

function hash(data: unknown): string {
  // What functions give need not be JSON: it is then known by what JSON makes of it.
  const plain: unknown = JSON.parse(JSON.stringify(data));
  return createHash('sha256')
    .update(canonicalize(plain) ?? '')
    .digest('hex');
}
