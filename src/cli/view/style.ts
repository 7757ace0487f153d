/** Colours and symbols, or none. */
import pc from 'picocolors';

type Paint = (text: string) => string;

export interface Symbols {
  readonly completed: string;
  readonly failed: string;
  readonly skipped: string;
  readonly pending: string;
  readonly cancelled: string;
  readonly backoff: string;
  readonly spinner: readonly string[];
  readonly branch: string;
  readonly lastBranch: string;
  readonly trunk: string;
  readonly ellipsis: string;
  readonly dot: string;
}

export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
  readonly symbols: Symbols;
}

const unicode: Symbols = {
  completed: '✔',
  failed: '✖',
  skipped: '↷',
  pending: '○',
  cancelled: '⊘',
  backoff: '↻',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
  branch: '├ ',
  lastBranch: '└ ',
  trunk: '│ ',
  ellipsis: '…',
  dot: '·',
};

const ascii: Symbols = {
  completed: '+',
  failed: 'x',
  skipped: '>',
  pending: '.',
  cancelled: '-',
  backoff: '~',
  spinner: ['|', '/', '-', '\\'],
  branch: '|-',
  lastBranch: '`-',
  trunk: '| ',
  ellipsis: '...',
  dot: '-',
};

export function createStyle(hasColor: boolean, isUnicode: boolean): Style {
  const { bold, dim, red, green, yellow, cyan } = pc.createColors(hasColor);
  return { bold, dim, red, green, yellow, cyan, symbols: isUnicode ? unicode : ascii };
}

/** `NO_COLOR` (any value but an empty one) wins over `FORCE_COLOR` (`0` and `false` mean no), and that over the terminal. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTTY: boolean | undefined): boolean {
  const { NO_COLOR: no = '', FORCE_COLOR: force } = env;
  if (no !== '') return false;
  if (force !== undefined) return force !== '0' && force !== 'false';
  // Undefined for a pipe.
  return isTTY === true && env['TERM'] !== 'dumb';
}
