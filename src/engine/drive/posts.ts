/** Those who posted an event to one run and wait for its commit. */
import type { Advanced, Refused } from '../../core/advance.ts';

type Result = Advanced | Refused;

export class Posts {
  /** How to tell them that it will not come. */
  readonly #waiting = new Set<(error: Error) => void>();

  /** `apply` takes who is to be told of the commit, and gives what follows from the event, or why it is refused. */
  add(apply: (committed: (result: Result) => void) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const done = (result: Result): void => {
        this.#waiting.delete(reject);
        resolve(result);
      };
      const applied = apply(done);
      if ('refused' in applied) done(applied);
    });
  }

  reject(why: Error): void {
    for (const reject of this.#waiting) reject(why);
    this.#waiting.clear();
  }
}
