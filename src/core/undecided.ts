/**
 * A value that nobody has chosen yet. Runs never hold one: whoever explores what a machine may do puts it where guards look,
 * so that paths part only where a value is really read.
 */
export abstract class Undecided {
  /** Chooses, at the first read; the same value from then on. */
  abstract decide(): unknown;
}

/** The value behind an {@link Undecided}; anything else is given back as it is. */
export function decidedValue(value: unknown): unknown {
  return value instanceof Undecided ? value.decide() : value;
}
