/** What an engine logged, kept for a test to look at. */
import type { Logger } from '../core/ports.ts';

export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

export class MemoryLog implements Logger {
  readonly lines: LogLine[] = [];
  readonly debug: Logger['debug'] = this.#at('debug');
  readonly info: Logger['info'] = this.#at('info');
  readonly warn: Logger['warn'] = this.#at('warn');
  readonly error: Logger['error'] = this.#at('error');

  #at(level: keyof Logger): Logger['info'] {
    return (message, details) => void this.lines.push({ level, message, details });
  }

  /** The messages of warnings and errors. */
  get problems(): readonly string[] {
    return this.lines.filter(({ level }) => level === 'warn' || level === 'error').map(({ message }) => message);
  }
}
