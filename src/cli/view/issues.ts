/** Mistakes and warnings with their places, one after another, as compilers print them. */
import { relative } from 'node:path';
import { formatIssue } from '../../core/issue.ts';
import type { FileIssue } from '../../project/project.ts';
import type { Style } from './style.ts';
import { harmless } from './text.ts';

export function issueLines(issues: readonly FileIssue[], cwd: string, style: Style): readonly string[] {
  return issues.map(({ file, issue }) => {
    const path = relative(cwd, file);
    const name = path === '' || path.startsWith('..') ? file : path;
    const place = issue.position === undefined ? name : `${name}:${issue.position.line}:${issue.position.column}`;
    const kind = issue.severity === 'warning' ? style.yellow('warning') : style.red('error');
    return `${style.bold(place)}: ${kind}: ${harmless(formatIssue(issue))}`;
  });
}
