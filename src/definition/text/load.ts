/** `loadYaml` and `loadJson`: texts that hold one workflow, or a list of them under `workflows`. */
import { formatIssue, type Issue } from '../../core/issue.ts';
import { positionAt, excerptAt } from '../../expressions/syntax-error.ts';
import { parseDefinitions, type DefinitionsResult, type ParseOptions } from '../plain.ts';
import { decodeText } from './decode.ts';
import { readYaml, type YamlDocument } from './document.ts';
import { findJsonMistake } from './json-place.ts';
import { locate } from './locate.ts';

/** Reads a YAML text (bytes are UTF-8). Every issue has its place in the text. Never throws on bad texts. */
export function loadYaml(source: string | Uint8Array, options: ParseOptions = {}): DefinitionsResult {
  const decoded = decodeText(source);
  if ('issue' in decoded) return { issues: [decoded.issue] };
  const document = readYaml(decoded.text);
  if ('issues' in document) return { issues: document.issues };
  return located(parseDefinitions(document.data, options), document);
}

/** Reads a JSON text (bytes are UTF-8). Every issue has its place in the text. Never throws on bad texts. */
export function loadJson(source: string | Uint8Array, options: ParseOptions = {}): DefinitionsResult {
  const decoded = decodeText(source);
  if ('issue' in decoded) return { issues: [decoded.issue] };
  const { text } = decoded;
  const parsed = parseJson(text);
  if ('issue' in parsed) return { issues: [parsed.issue] };
  // JSON is YAML as well: read as such it gives the places, and duplicate keys.
  const document = readYaml(text);
  const mistakes =
    'issues' in document
      ? document.issues.filter(({ code }) => code === 'DUPLICATE_KEY' || code === 'NESTING_TOO_DEEP')
      : [];
  if (mistakes.length > 0) return { issues: mistakes };
  const result = parseDefinitions(parsed.data, options);
  return 'issues' in document ? result : located(result, document);
}

function located(result: DefinitionsResult, document: YamlDocument): DefinitionsResult {
  if (result.issues === undefined) return result;
  const issues = result.issues.map((issue) => locate(issue, document));
  return { issues: issues.toSorted((a, b) => (a.position?.offset ?? 0) - (b.position?.offset ?? 0)) };
}

function parseJson(text: string): { readonly data: unknown } | { readonly issue: Issue } {
  try {
    return { data: JSON.parse(text) as unknown };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const offset = findJsonMistake(text);
    const message =
      text.trim() === ''
        ? 'the text is empty: it holds no workflow'
        : `this is not valid JSON: ${reason.replace(/ in JSON at position .*$/, '')}`;
    return {
      issue: {
        code: text.trim() === '' ? 'EMPTY' : 'JSON_SYNTAX',
        path: '',
        message,
        position: positionAt(text, offset),
        excerpt: excerptAt(text, offset),
      },
    };
  }
}

/** `workflows.yaml:12:7: steps[0].type: unknown step type ...`, one line (or more, with an excerpt) per issue. */
export function formatIssues(issues: readonly Issue[], file: string): string {
  return issues
    .map((issue) => {
      const place = issue.position === undefined ? file : `${file}:${issue.position.line}:${issue.position.column}`;
      return `${place}: ${formatIssue(issue)}`;
    })
    .join('\n');
}
