/** Everything that happened in a simulation, in order, as text: what two runs of one seed are compared by. */
import { createHash } from 'node:crypto';

export class Trace {
  readonly lines: string[] = [];

  say(line: string): void {
    this.lines.push(line);
  }

  /** Of all lines: the same seed gives the same. */
  get hash(): string {
    const hash = createHash('sha256');
    for (const line of this.lines) hash.update(line).update('\n');
    return hash.digest('hex').slice(0, 16);
  }
}
