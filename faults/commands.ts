/** What a process under fault is told, and which of it was acknowledged. */

export interface Command {
  readonly id: string;
  readonly do: 'start' | 'signal' | 'answer' | 'complete' | 'pause' | 'resume' | 'cancel' | 'measure' | 'close';
  readonly run: string;
  /** The command's id: it is found in the history by it. */
  readonly by: string;
  /** Of `complete`: what was sent with the call. */
  readonly token?: string;
}

/** What a process has open, once it has collected its garbage. */
export interface Measured {
  /** Null where the system does not say. */
  readonly fds: number | null;
  readonly heapBytes: number;
}

export class Commands {
  readonly #sent = new Map<string, Command>();
  readonly acked = new Map<string, Command>();
  measured: Measured | null = null;
  /** Since the beginning. */
  ackedCount = 0;
  refusedCount = 0;
  #next = 1;

  make(what: Command['do'], run = '', token?: string): Command {
    const id = `c${this.#next++}`;
    const command = { id, do: what, run, by: id, ...(token === undefined ? {} : { token }) };
    this.#sent.set(id, command);
    return command;
  }

  /** A line of the process. */
  heard(line: string): void {
    const [, word, id = '', rest = ''] = /^(ack|nack|measured) (\S+) ?(.*)/.exec(line) ?? [];
    const command = this.#sent.get(id);
    if (command === undefined) return;
    this.#sent.delete(id);
    if (word === 'measured') this.measured = JSON.parse(rest) as Measured;
    if (word === 'nack') this.refusedCount += 1;
    if (word !== 'ack') return;
    this.ackedCount += 1;
    this.acked.set(id, command);
  }
}
