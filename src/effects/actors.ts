/** `agent` and `http` as XState actors, for running a machine without the engine: the very handlers that the engine uses. */
import { fromPromise, type PromiseActorLogic } from 'xstate';
import { createAgentRegistry, type AgentsOption } from '../agents/registry.ts';
import type { EffectResult } from '../core/effect.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { createHttpClient } from '../http/client.ts';
import { defaultClock } from '../http/default-clock.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import { inlineLoader } from '../../machines/evaluate.ts';
import { agentEffect } from './agent.ts';
import { SecretScope, type EffectHandler, type Services } from './call.ts';
import { httpEffect, renderRequest } from './http.ts';

export interface CreateActorsOptions {
  /** @default {} */
  readonly agents?: AgentsOption;
  /** What a `dank.config.js` exports. */
  readonly config?: unknown;
  /** Hosts that `http` steps may call although they are local or private. @default [] */
  readonly allowHosts?: readonly string[];
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** Gets the pieces of streamed answers. */
  readonly onChunk?: (step: string, text: string) => void;
}

type Actor = PromiseActorLogic<EffectResult, EffectInput>;

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** For `machine.provide({ actors: createActors({ agents }) })`. @throws DefinitionError when an agent's entry is wrong */
export function createActors(options: CreateActorsOptions = {}): { readonly agent: Actor; readonly http: Actor } {
  const env = options.env ?? process.env;
  const clock = options.clock ?? defaultClock;
  const services: Services = {
    http: createHttpClient({ allowHosts: options.allowHosts ?? [], clock }),
    agents: createAgentRegistry({
      ...(options.agents === undefined ? {} : { agents: options.agents }),
      ...(options.config === undefined ? {} : { config: options.config }),
      env,
    }),
    env,
    clock,
    logger: silent,
  };
  const actor = (handler: EffectHandler): Actor =>
    fromPromise<EffectResult, EffectInput>(({ input, signal }) =>
      handler({
        input,
        signal,
        services,
        loader: inlineLoader,
        stream: (text) => options.onChunk?.(input.info?.step.id ?? '', text),
      }),
    );
  return { agent: actor(agentEffect), http: actor(httpEffect) };
}

/**
 * What a step sends, with its templates filled in, for actors of your own in the place of `agent` and `http`: the `input` of an
 * `agent` step; `{ method, url, headers, query, body }` of an `http` step; undefined of any other.
 *
 * `env` is what `{{env.NAME}}` names. @default {}
 * @throws TemplateError when a value that a text needs is missing
 */
export async function stepInput(effect: EffectInput, env: Services['env'] = {}): Promise<unknown> {
  const step = effect.info?.step;
  const scope = new SecretScope({
    input: effect,
    loader: inlineLoader,
    signal: new AbortController().signal,
    services: { env },
  });
  if (step?.type === 'agent') return scope.value(step.input);
  return step?.type === 'http' ? renderRequest(step, scope) : undefined;
}
