/** Functions of the author (transforms, handlers) run for real, and may take real time: waits for them, within reason. */
import type { EffectHandler } from '../effects/call.ts';
import { within } from './turn.ts';

/** One that takes longer is not waited for any more: it may wait for virtual time. */
const patienceMs = 1_000;

export class AuthorWork {
  readonly #running = new Set<Promise<unknown>>();

  watched(handler: EffectHandler): EffectHandler {
    const running = this.#running;
    return (call) => {
      const work = handler(call);
      const seen: Promise<unknown> = work.then(ended, ended);
      function ended(): void {
        running.delete(seen);
      }
      running.add(seen);
      call.signal.addEventListener('abort', ended, { once: true });
      return work;
    };
  }

  /** Waits for one of them; false when there is none to wait for. */
  async wait(): Promise<boolean> {
    if (this.#running.size === 0) return false;
    const waited = [...this.#running];
    if (!(await within(patienceMs, Promise.race(waited)))) for (const each of waited) this.#running.delete(each);
    return true;
  }
}
