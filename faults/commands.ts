/** What a process under fault is told, and which of it was acknowledged. */

export interface Command {
  readonly id: string;
  readonly do: 'start' | 'signal' | 'answer' | 'pause' | 'resume' | 'cancel' | 'close';
  readonly run: string;
  /** The command's id: it is found in the history by it. */
  readonly by: string;
}

export class Commands {
  readonly #sent = new Map<string, Command>();
  readonly acked = new Map<string, Command>();
  #next = 1;

  make(what: Command['do'], run = ''): Command {
    const id = `c${this.#next++}`;
    const command = { id, do: what, run, by: id };
    this.#sent.set(id, command);
    return command;
  }

  /** A line of the process. */
  heard(line: string): void {
    const [, word, id = ''] = /^(ack|nack) (\S+)/.exec(line) ?? [];
    const command = this.#sent.get(id);
    if (command === undefined) return;
    this.#sent.delete(id);
    if (word === 'ack') this.acked.set(id, command);
  }

  isAcked(what: Command['do'], run: string): boolean {
    return [...this.acked.values()].some((command) => command.do === what && command.run === run);
  }
}
