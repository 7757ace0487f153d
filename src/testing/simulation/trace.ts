/** Everything that happened in a simulation, in order, as text: what two runs of one seed are compared by. */
import { createHash } from 'node:crypto';

export class Trace {
  readonly lines: string[] = [];
  readonly #beside = new Set<number>();

  say(line: string): void {
    this.lines.push(line);
  }

  /** What may be another each time. */
  note(line: string): void {
    this.#beside.add(this.lines.length);
    this.lines.push(line);
  }

  /** Of all lines but notes: the same seed gives the same. */
  get hash(): string {
    const hash = createHash('sha256');
    for (const [index, line] of this.lines.entries()) if (!this.#beside.has(index)) hash.update(line).update('\n');
    return hash.digest('hex').slice(0, 16);
  }
}
