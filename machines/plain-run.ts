/**
 * What a run under plain XState takes from its process, as no engine gives it: an id of its own (agents tell runs apart by it) and
 * the time of its start. A default port.
 */

/** The id that `createActor(machine, { id })` was given; else a new one, as XState's own are the same in every process. */
export function plainRunId(actorId: string): string {
  return /^x:\d+$/.test(actorId) ? globalThis.crypto.randomUUID() : actorId;
}

/** Milliseconds since 1970. */
export function plainNow(): number {
  return Date.now();
}
