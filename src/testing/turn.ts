/**
 * The one place where test time meets the event loop: lets promises come to rest, and waits for functions of the author that
 * really take time. Nothing here decides what happens; it only waits until nothing does.
 */

/** Resolves in the next turn of the event loop: all promises that can settle without it have settled then. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when `work` does, or after `ms` of real time; says whether it was done. */
export async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([work.then(() => true), patience]);
  } finally {
    clearTimeout(timer);
  }
}
