/** Conditions and writes to the state that look at what `any-flow.ts` looks at seldom or never: input, rounds, errors, several things at once. */

export interface Place {
  /** Ids of steps that come before. */
  readonly seen: readonly string[];
  /** The loops around it, outermost first. */
  readonly loops: readonly ('items' | 'rounds')[];
  /** It comes after the run has failed. */
  readonly isFailure: boolean;
}

export class AnyConditions {
  readonly #below: (n: number) => number;

  constructor(below: (n: number) => number) {
    this.#below = below;
  }

  #one<T>(...choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T;
  }

  of(place: Place): string {
    const texts = [...this.#ofRun(), ...this.#ofLoops(place), ...this.#ofSteps(place), ...this.#ofFailure(place)];
    return this.#one(...texts);
  }

  /** With another one. */
  joined(condition: string, place: Place): string {
    const other = this.of(place);
    return this.#one(
      `(${condition}) && (${other})`,
      `(${condition}) || (${other})`,
      `!(${condition})`,
      `(${other}) ? (${condition}) : ({{state.n}} > 0)`,
    );
  }

  #ofRun(): readonly string[] {
    return [
      '{{workflow.input.kind}} === "blog"',
      '{{workflow.input.n}} > 1',
      '{{workflow.input.more}}',
      '{{workflow.input.n}} === {{state.n}}',
      '{{state.n}} % 2 === 0',
    ];
  }

  #ofLoops({ loops }: Place): readonly string[] {
    if (loops.length === 0) return [];
    const parent = loops.length > 1 ? ['{{loop.parent.index}} > 0', '{{loop.parent.index}} === {{loop.index}}'] : [];
    const item = loops.at(-1) === 'items' ? ['{{loop.item}} === "x"', '{{loop.item.score}} > 0'] : [];
    return ['{{loop.index}} === 1', ...item, ...parent];
  }

  #ofSteps({ seen }: Place): readonly string[] {
    if (seen.length === 0) return [];
    const [a, b] = [this.#one(...seen), this.#one(...seen)];
    return [
      `{{steps.${a}.output}} === {{steps.${b}.output}}`,
      `{{steps.${a}.output.score}} > {{state.n}}`,
      `{{steps.${a}.output.kind}} === "blog"`,
      `{{steps.${a}.output}} === "${b}"`,
      `{{steps.${a}.branch}} === "then"`,
      `{{steps.${a}.metadata.model}} === "small"`,
      `{{steps.${a}.status}} === "failed"`,
      `{{steps.${a}.status}} === {{steps.${b}.status}}`,
      `{{steps.${a}.error.details.status}} === 503`,
      `{{steps.${a}.output.by}}`,
      `length({{steps.${a}.output}}) > 1`,
      `{{steps.${a}.attempts}} + {{steps.${b}.attempts}} > 2`,
    ];
  }

  #ofFailure({ isFailure }: Place): readonly string[] {
    if (!isFailure) return [];
    const texts = ['{{workflow.error.code}} === "STEPS_FAILED"', 'contains({{workflow.error.message}}, "busy")'];
    return [...texts, ...texts, '{{workflow.error}}'];
  }

  assign({ seen }: Place): Record<string, unknown> {
    const a = this.#one(...seen);
    return this.#one<Record<string, unknown>>(
      { s: `{{steps.${a}.output}}`, log: { append: `{{steps.${a}.output.score}}` } },
      { m: { x: `{{steps.${a}.status}}` } },
      { n: '{{workflow.input.n}}' },
      { n: `{{steps.${a}.output.score}}` },
      { s: '{{state.n}}', n: { expr: 'length({{state.log}})' } },
      { n: { expr: '{{workflow.input.n}} + {{state.n}}' } },
    );
  }
}
