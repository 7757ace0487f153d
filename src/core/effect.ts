/** What an effect answers with. Owns no carrying out: handlers do. */
import type { StateWrite } from './event.ts';

/** What an effect gave: its output, what came beside it, what it writes to the state. A plain value is the output alone. */
export class EffectResult {
  readonly output: unknown;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly writes: Readonly<Record<string, StateWrite>> | undefined;
  /** Of an items loop: what each round wrote to the state. */
  readonly roundWrites: readonly (readonly unknown[])[] | undefined;
  /** Somebody else's work: it was in the cache. */
  readonly isCached: boolean;
  /** There is no output yet: the other side has accepted the work, and says when it is done. */
  readonly isAccepted: boolean;

  constructor(
    output: unknown,
    beside: {
      readonly metadata?: Readonly<Record<string, unknown>> | undefined;
      readonly writes?: Readonly<Record<string, StateWrite>> | undefined;
      readonly roundWrites?: readonly (readonly unknown[])[] | undefined;
      readonly isCached?: boolean;
      readonly isAccepted?: boolean;
    } = {},
  ) {
    this.output = output;
    this.metadata = beside.metadata;
    this.writes = beside.writes;
    this.roundWrites = beside.roundWrites;
    this.isCached = beside.isCached ?? false;
    this.isAccepted = beside.isAccepted ?? false;
  }
}
