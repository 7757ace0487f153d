/**
 * Lines that are drawn again in place at the end of a terminal. Only lines that changed are written. Owns the escape
 * sequences, the hidden cursor and its return.
 */

export interface FrameTerminal {
  write(text: string): void;
  columns(): number;
}

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';

export class Frame {
  readonly #terminal: FrameTerminal;
  #drawn: readonly string[] = [];
  #columns = 0;
  #isCursorHidden = false;

  constructor(terminal: FrameTerminal) {
    this.#terminal = terminal;
  }

  /** Puts these lines in the place of those drawn before. None may be wider than the terminal, nor all of them higher. */
  draw(lines: readonly string[]): void {
    const columns = this.#terminal.columns();
    // A resized terminal has wrapped the lines anew: what can be taken away is.
    if (columns !== this.#columns) this.erase();
    this.#columns = columns;
    if (lines.length === this.#drawn.length && lines.every((line, index) => line === this.#drawn[index])) return;
    let text = this.#isCursorHidden ? '' : hideCursor;
    this.#isCursorHidden = true;
    text += up(this.#drawn.length);
    lines.forEach((line, index) => {
      text +=
        index < this.#drawn.length
          ? line === this.#drawn[index]
            ? '\u001b[1B'
            : `\u001b[2K${line}\r\u001b[1B`
          : `${line}\n`;
    });
    if (lines.length < this.#drawn.length) text += '\u001b[J';
    this.#drawn = [...lines];
    this.#terminal.write(text);
  }

  /** Takes the lines away: the cursor is where the first of them was. */
  erase(): void {
    if (this.#drawn.length > 0) this.#terminal.write(`${up(this.#drawn.length)}\u001b[J`);
    this.#drawn = [];
  }

  /** Gives the cursor back. What is drawn stays. */
  end(): void {
    if (this.#isCursorHidden) this.#terminal.write(showCursor);
    this.#isCursorHidden = false;
  }
}

function up(lines: number): string {
  return lines === 0 ? '' : `\r\u001b[${lines}A`;
}
