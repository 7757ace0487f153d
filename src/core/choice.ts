/**
 * The output of a router (`conditional`, `switch`) as conditions see it. A comparison may call it by any of its aliases;
 * everywhere else (text, functions, sums, truthiness) it is its `value`. What routers choose is decided elsewhere.
 */
export class Choice {
  /** The id of the chosen step; null when nothing was chosen. */
  readonly value: string | null;
  /** Everything a comparison may call it: the step id, the branch (`then`, `else`, `default`), case keys. */
  readonly aliases: ReadonlySet<string>;

  /** `value` need not be repeated in `aliases`. */
  constructor(value: string | null, aliases: Iterable<string> = []) {
    this.value = value;
    this.aliases = new Set(value === null ? aliases : [value, ...aliases]);
  }

  /** JSON of a choice is its value, wherever it ends up. */
  toJSON(): string | null {
    return this.value;
  }
}

/** The value behind a {@link Choice}; anything else is given back as it is. */
export function plainValue(value: unknown): unknown {
  return value instanceof Choice ? value.value : value;
}
