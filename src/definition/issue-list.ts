/** Collects the mistakes of one definition, all of them, up to a limit. */
import type { Issue } from '../core/issue.ts';
import { nearest } from '../core/nearest.ts';

/** More are counted, not kept. */
const maxIssues = 500;
/** Nearest names are looked for this often per definition: each search compares with every known name. */
const maxSuggestions = 60;

export type IssueDetails = Partial<Pick<Issue, 'expected' | 'received' | 'hint' | 'severity' | 'position' | 'excerpt'>>;

export class IssueList {
  readonly #issues: Issue[] = [];
  readonly #paths = new Set<string>();
  #dropped = 0;
  #suggestions = 0;

  add(code: string, path: string, message: string, details: IssueDetails = {}): void {
    this.push({ code, path, message, ...details });
  }

  push(issue: Issue): void {
    this.#paths.add(issue.path);
    if (this.#issues.length < maxIssues) this.#issues.push(Object.freeze(issue));
    else if (issue.severity !== 'warning') this.#dropped += 1;
  }

  /** `did you mean 'x'?` when a known name is near, else `otherwise`. */
  didYouMean(name: string, known: Iterable<string>, otherwise?: string): { readonly hint?: string } {
    const near = this.#nearest(name, known);
    if (near !== undefined) return { hint: `did you mean '${near}'?` };
    return otherwise === undefined ? {} : { hint: otherwise };
  }

  #nearest(name: string, known: Iterable<string>): string | undefined {
    this.#suggestions += 1;
    return this.#suggestions > maxSuggestions || name.length > 200 ? undefined : nearest(name, known);
  }

  /** Whether something was said about this path, or about what it is in. */
  hasAt(path: string): boolean {
    for (
      let end = path.length;
      end > 0;
      end = Math.max(path.lastIndexOf('.', end - 1), path.lastIndexOf('[', end - 1))
    ) {
      if (this.#paths.has(path.slice(0, end))) return true;
    }
    return false;
  }

  /** Whether something stops the definition. */
  get hasErrors(): boolean {
    return this.#dropped > 0 || this.#issues.some((issue) => issue.severity !== 'warning');
  }

  get warnings(): readonly Issue[] {
    return this.#issues.filter((issue) => issue.severity === 'warning');
  }

  /** Everything found, in the order of the definition's text as far as known. */
  get all(): readonly Issue[] {
    if (this.#dropped === 0) return [...this.#issues];
    const message = `${this.#dropped} more mistakes are not shown (limit ${maxIssues})`;
    return [...this.#issues, { code: 'TOO_MANY_ISSUES', path: '', message }];
  }
}

/** `joinPath` for a path that is text already: `under('steps[0]', 'input.prompt')`, `under('steps[0].cases', '["a b"]')`. */
export function under(parent: string, rest: string): string {
  if (rest === '' || parent === '') return parent + rest;
  return rest.startsWith('[') ? parent + rest : `${parent}.${rest}`;
}
