/** The table of effect handlers, by the name of the actor that a machine invokes. `loop` is the engine's: rounds are runs. */
import { agentEffect } from './agent.ts';
import type { EffectHandler } from './call.ts';
import { evaluate } from './evaluate.ts';
import { httpEffect } from './http.ts';

export type { EffectCall, EffectHandler, Services } from './call.ts';

export const effectHandlers: ReadonlyMap<string, EffectHandler> = new Map<string, EffectHandler>([
  ['agent', agentEffect],
  ['http', httpEffect],
  ['transform', evaluate],
  ['evaluate', evaluate],
  ['handlers', evaluate],
]);
