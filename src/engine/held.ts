/** How much of runs an engine holds in memory: counted, so that it is seen when something stays behind. */

/** All are 0 when all runs have ended, but for {@link Held.timers}: one may be set to look who rests for long. */
export interface Held {
  /** In memory, with rounds and child runs. */
  readonly runs: number;
  /** That rest, or are known to sleep until something happens. */
  readonly asleep: number;
  /** That could not go on here. */
  readonly left: number;
  /** Whose end is waited for. */
  readonly waiters: number;
  /** Timers of runs, and of what waits for other processes. */
  readonly timers: number;
  /** Places in limits, and effects that wait for one: of each effect that is carried out one at the least. */
  readonly places: number;
  /** Outputs for the cache that are being made. */
  readonly making: number;
  /** Commits in line. */
  readonly commits: number;
}
