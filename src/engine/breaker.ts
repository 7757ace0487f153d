/** Waiting that ends when the engine does: nobody may wait for ever for a commit that will not come. */
export class Breaker {
  readonly #waiting = new Set<(error: unknown) => void>();
  #broken: { readonly error: unknown } | null = null;

  /** As the promise, unless {@link break} comes first. */
  guard<T>(promise: Promise<T>): Promise<T> {
    if (this.#broken !== null) return Promise.reject(this.#broken.error as Error);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      const done = (): void => {
        this.#waiting.delete(reject);
      };
      promise.then(
        (value) => {
          done();
          resolve(value);
        },
        (error: unknown) => {
          done();
          reject(error as Error);
        },
      );
    });
  }

  /** All who wait, and who will, get the error. The first one counts. */
  break(error: unknown): void {
    if (this.#broken !== null) return;
    this.#broken = { error };
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}
