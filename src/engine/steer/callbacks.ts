/** Effects that complete later: what those who work on them are sent, and where what they say goes. */
import type { EffectHeartbeat } from '../../core/event.ts';
import type { Clock, Random, Store } from '../../core/ports.ts';
import { heartbeatTimer } from '../../core/accept.ts';
import type { Callback } from '../../http/headers.ts';
import { CallbackTokens, type AttemptAddress } from './callback-token.ts';
import { completionEvent, openAttempt, type Completion, type CompletionLimits } from './completions.ts';
import type { Delivered, Messages } from './messages.ts';
import type { Reader } from '../read/reader.ts';

export interface CallbacksOptions extends CompletionLimits {
  readonly store: Pick<Store, 'setting'>;
  readonly random: Random;
  readonly clock: Pick<Clock, 'now'>;
  /** Where callbacks are served, without closing slash. Null: nowhere. */
  readonly base: string | null;
  readonly rooms: () => { readonly reader: Reader; readonly messages: Messages };
}

/** Signs of life that come closer than this part of the heartbeat timeout count as one. */
const beatsPerTimeout = 10;

export class Callbacks {
  readonly #options: CallbacksOptions;
  readonly #tokens: CallbackTokens;

  constructor(options: CallbacksOptions) {
    this.#options = options;
    this.#tokens = new CallbackTokens(options.store, options.random);
  }

  /** What is sent with a call. */
  issue(address: AttemptAddress): Callback {
    const { base } = this.#options;
    const token = this.#tokens.make(address);
    return { token, url: base === null ? null : `${base}/${token}` };
  }

  async complete(token: string, completion: Completion): Promise<Delivered> {
    const { rooms } = this.#options;
    const address = this.#tokens.read(token);
    const { program, state } = rooms().reader.stateOf(address.run);
    const event = completionEvent({ address, program, state }, completion, this.#options);
    return rooms().messages.tell(address.run, event);
  }

  async heartbeat(token: string): Promise<Delivered> {
    const { rooms, clock } = this.#options;
    const address = this.#tokens.read(token);
    const { program, state } = rooms().reader.stateOf(address.run);
    const step = openAttempt({ address, program, state });
    const effect = state.effects.get(step.id);
    const timer = effect === undefined ? null : heartbeatTimer(effect);
    const heartbeatMs = effect?.accepted?.heartbeatMs ?? null;
    // Before it is accepted the call itself is the sign of life.
    if (timer === null || heartbeatMs === null) return 'here';
    const last = (state.timers.get(timer)?.dueAt ?? 0) - heartbeatMs;
    if (clock.now() - last < heartbeatMs / beatsPerTimeout) return 'here';
    const { visit, attempt } = address;
    const event: EffectHeartbeat = { type: 'effect.heartbeat', effect: step.id, visit, attempt };
    return rooms().messages.tell(address.run, event);
  }
}
