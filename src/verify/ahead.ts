/** What may still come from where a run stands: which steps can be entered, or left, from here on. Static, and never too little. */
import { namedSteps, stepInfo, type Program, type SequenceInfo } from '../../machines/program.ts';
import { subtree } from '../../machines/subtree.ts';

/** Nodes of the flow: `2 * i` is the way into step `i`, `2 * i + 1` the way out of it; the last is a failure of the run. */
export class Ahead {
  readonly #program: Program;
  readonly #next: number[][];
  readonly #known = new Map<number, Uint8Array>();
  readonly #failure: number;
  /** Steps that follow a failure of the run. */
  readonly #afterFailure: ReadonlySet<number>;
  /** Steps that no flow leads to, as what undoes others: they may always come. */
  readonly #always: Uint8Array;

  constructor(program: Program) {
    this.#program = program;
    const count = program.steps.length;
    this.#afterFailure = new Set(program.onFailure.steps.flatMap((index) => subtree(program, index)));
    this.#failure = 2 * count;
    this.#next = Array.from({ length: 2 * count + 1 }, () => []);
    this.#chain(program.main, null);
    this.#chain(program.onFailure, null);
    for (const { index } of program.steps) this.#inside(index);
    const [first] = program.onFailure.steps;
    if (first !== undefined) this.#edge(this.#failure, 2 * first);
    const [start] = program.main.steps;
    const reached = start === undefined ? new Uint8Array(count) : this.#reach(2 * start);
    const failed = this.#reach(this.#failure);
    this.#always = Uint8Array.from({ length: count }, (_each, index) => (reached[index] || failed[index] ? 0 : 1));
  }

  /** By step number: 1 where a step may be entered or left from here on. */
  from(positions: readonly { readonly step: number; readonly isOver: boolean }[], isFailing: boolean): Uint8Array {
    const result = Uint8Array.from(this.#always);
    const add = (reached: Uint8Array): void => {
      for (let index = 0; index < result.length; index++) if (reached[index] === 1) result[index] = 1;
    };
    for (const { step, isOver } of positions) add(this.#reach(2 * step + (isOver ? 1 : 0)));
    // What was done is undone before.
    const isAfterFailure = isFailing && positions.some(({ step }) => this.#afterFailure.has(step));
    if (!isAfterFailure) add(this.#reach(this.#failure));
    return result;
  }

  #reach(start: number): Uint8Array {
    const known = this.#known.get(start);
    if (known !== undefined) return known;
    const seen = new Uint8Array(this.#next.length);
    const open = [start];
    seen[start] = 1;
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const next of this.#next[node] ?? []) {
        if (seen[next] === 1) continue;
        seen[next] = 1;
        open.push(next);
      }
    }
    const result = Uint8Array.from(this.#program.steps, (_step, index) =>
      seen[2 * index] || seen[2 * index + 1] ? 1 : 0,
    );
    this.#known.set(start, result);
    return result;
  }

  #edge(from: number, to: number): void {
    this.#next[from]?.push(to);
  }

  /** One after another, then out of what is around them. */
  #chain({ steps }: SequenceInfo, owner: number | null): void {
    steps.forEach((index, at) => {
      const next = steps[at + 1];
      if (next !== undefined) this.#edge(2 * index + 1, 2 * next);
      // By its last step, by a failure, by `break`: any step may be the last one of a group.
      if (owner !== null) this.#edge(2 * index + 1, 2 * owner + 1);
      for (const id of namedSteps(stepInfo(this.#program, index).step)) {
        const target = this.#program.byId.get(id);
        if (target !== undefined) this.#edge(2 * index + 1, 2 * target);
      }
    });
  }

  #inside(index: number): void {
    const { step } = stepInfo(this.#program, index);
    this.#edge(2 * index, 2 * index + 1);
    // Tried again.
    if (step.retry !== null) this.#edge(2 * index + 1, 2 * index);
    const inner = this.#program.steps.filter(({ parent }) => parent === index).map((info) => info.index);
    for (const each of inner) {
      this.#edge(2 * index, 2 * each);
      this.#edge(2 * each + 1, 2 * index + 1);
    }
    const body = inner.filter((each) => stepInfo(this.#program, each).sequence !== null);
    this.#chain({ steps: body }, index);
    if (step.type === 'loop' || step.type === 'wait')
      for (const each of inner) for (const again of inner) this.#edge(2 * each + 1, 2 * again);
  }
}
