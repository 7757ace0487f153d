/** Where in a source text (a template, a condition, a YAML file) something was found. `line` and `column` start at 1. */
export interface SourcePosition {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** One mistake in a definition or an input. All mistakes are reported at once. */
export interface Issue {
  /** Stable, upper case: `UNKNOWN_STEP`, `DUPLICATE_ID`, ... */
  readonly code: string;
  /** Where, as `steps[0].input.prompt`; '' is the whole. */
  readonly path: string;
  /** One sentence: what is wrong. */
  readonly message: string;
  readonly expected?: string;
  /** What was found. */
  readonly received?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly position?: SourcePosition;
  /** The source line with a caret under the place; two lines. */
  readonly excerpt?: string;
  /** A warning does not stop a definition from being used. @default 'error' */
  readonly severity?: 'error' | 'warning';
}

/** `path: message (expected ..., found ...). hint`, with the excerpt, if any, on lines of its own. */
export function formatIssue(issue: Issue): string {
  const where = issue.path === '' ? '' : `${issue.path}: `;
  const details = [
    issue.expected === undefined ? null : `expected ${issue.expected}`,
    issue.received === undefined ? null : `found ${issue.received}`,
  ].filter((text) => text !== null);
  const detail = details.length === 0 ? '' : ` (${details.join(', ')})`;
  const hint = issue.hint === undefined ? '' : `; ${issue.hint}`;
  const excerpt = issue.excerpt === undefined ? '' : `\n    ${issue.excerpt.replaceAll('\n', '\n    ')}`;
  return `${where}${issue.message}${detail}${hint}${excerpt}`;
}

/** The path of a member: `joinPath('steps[0]', 'input')` is `steps[0].input`, `joinPath('steps', 0)` is `steps[0]`. */
export function joinPath(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}
