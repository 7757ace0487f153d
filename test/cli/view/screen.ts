/** A terminal's screen, as far as the command line uses one: shows what somebody would see after these bytes. */

export class Screen {
  readonly #columns: number;
  readonly #rows: number;
  readonly #lines: string[] = [''];
  #row = 0;
  #column = 0;
  #top = 0;
  isCursorShown = true;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** All lines, those that have scrolled out of sight too, without trailing space. */
  get lines(): readonly string[] {
    const lines = this.#lines.map((line) => line.trimEnd());
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** What is in sight. */
  get visible(): readonly string[] {
    return this.#lines.slice(this.#top).map((line) => line.trimEnd());
  }

  write(text: string): void {
    // eslint-disable-next-line no-control-regex
    for (const [, sequence, final, character] of text.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|([^\u001b])/gsu)) {
      if (final !== undefined) this.#control(sequence ?? '', final);
      else if (character !== undefined) this.#put(character);
    }
  }

  #control(parameters: string, final: string): void {
    const number = Number(parameters || '1');
    if (final === 'A') this.#row = Math.max(this.#top, this.#row - number);
    else if (final === 'B') this.#row = Math.min(this.#top + this.#rows - 1, this.#row + number);
    else if (final === 'K' && parameters === '2') this.#lines[this.#row] = '';
    else if (final === 'J') {
      this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
      this.#lines.length = this.#row + 1;
    } else if (parameters === '?25' && (final === 'l' || final === 'h')) this.isCursorShown = final === 'h';
    else if (final !== 'm') throw new Error(`unknown control sequence ${parameters}${final}`);
    while (this.#lines.length <= this.#row) this.#lines.push('');
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') {
      this.#down();
      this.#column = 0;
    } else {
      if (this.#column === this.#columns) {
        this.#down();
        this.#column = 0;
      }
      const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
      this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
      this.#column += 1;
    }
  }

  #down(): void {
    this.#row += 1;
    if (this.#row === this.#lines.length) this.#lines.push('');
    this.#top = Math.max(this.#top, this.#row - this.#rows + 1);
  }
}
