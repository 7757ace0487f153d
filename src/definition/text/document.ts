/**
 * A YAML text as data, with the place of every part of it. Everything that YAML allows but data must not be (cycles,
 * tags of programming languages, several documents, keys that are maps) is a mistake here.
 */
import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  visit,
  type CST,
  type Document,
  type ErrorCode,
  type Node,
  type Pair,
} from 'yaml';
import type { Issue, SourcePosition } from '../../core/issue.ts';
import { excerptAt } from '../../expressions/syntax-error.ts';
import { quote } from '../describe.ts';
import { maxTextDepth } from '../limits.ts';

export interface YamlDocument {
  readonly data: unknown;
  readonly root: Node | null;
  readonly source: YamlSource;
}

/** Resolves an alias to its node. */
export type Resolve = (node: Node | null) => Node | null;

export class YamlSource {
  readonly text: string;
  readonly lines = new LineCounter();
  resolve: Resolve = (node) => node;

  constructor(text: string) {
    this.text = text;
  }

  position(offset: number): SourcePosition {
    const { line, col } = this.lines.linePos(offset);
    return { offset, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  issue(code: string, offset: number, message: string, hint?: string): Issue {
    const details = hint === undefined ? {} : { hint };
    return {
      code,
      path: '',
      message,
      ...details,
      position: this.position(offset),
      excerpt: excerptAt(this.text, offset),
    };
  }
}

const options = { merge: true, uniqueKeys: false, prettyErrors: false, strict: true, logLevel: 'silent' } as const;

/** The data of a text with exactly one document, or all its mistakes. */
export function readYaml(text: string): YamlDocument | { readonly issues: readonly Issue[] } {
  const source = new YamlSource(text);
  const tokens = tokenize(source);
  if (!Array.isArray(tokens)) return { issues: [tokens] };
  const documents = [...new Composer({ ...options, lineCounter: source.lines }).compose(tokens, false, text.length)];
  const [document, second] = documents;
  if (document === undefined || (document.contents === null && document.errors.length === 0)) {
    return { issues: [source.issue('EMPTY', 0, 'the text is empty: it holds no workflow')] };
  }
  if (second !== undefined) {
    return {
      issues: [
        source.issue(
          'MULTIPLE_DOCUMENTS',
          second.range[0],
          'the text holds multiple documents',
          "write one document with a list 'workflows:' in place of '---'",
        ),
      ],
    };
  }
  const root = document.contents as Node | null;
  source.resolve = (node) => (isAlias(node) ? (node.resolve(document) ?? null) : node);
  const structure = structureIssues(document, source);
  // An unquoted template makes the rest of its line look wrong.
  const unquoted = new Set(
    structure.filter(({ code }) => code === 'TEMPLATE_NOT_QUOTED').map(({ position }) => position?.line),
  );
  const issues = [
    ...syntaxIssues(document, source).filter(({ position }) => !unquoted.has(position?.line)),
    ...structure,
  ];
  if (issues.length > 0) return { issues };
  try {
    return { data: document.toJS({ maxAliasCount: 100 }), root, source };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return {
      issues: [
        source.issue('ALIAS_LIMIT', 0, 'too many aliases: their expansion is too large', 'write the values out'),
      ],
    };
  }
}

/** Tokens of the text, or a mistake when it nests too deep to be composed. */
function tokenize(source: YamlSource): CST.Token[] | Issue {
  const parser = new Parser(source.lines.addNewLine);
  const tokens: CST.Token[] = [];
  source.lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(source.text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length <= maxTextDepth) continue;
    return source.issue(
      'NESTING_TOO_DEEP',
      Math.min(parser.offset, source.text.length),
      'the text is nested too deep',
      `at most ${maxTextDepth} levels (depth limit)`,
    );
  }
  tokens.push(...parser.end());
  return tokens;
}

function syntaxIssues(document: Document.Parsed, source: YamlSource): readonly Issue[] {
  return [...document.errors, ...document.warnings].map(({ code, pos, message }) => {
    const [offset] = pos;
    if (code === 'TAG_RESOLVE_FAILED')
      return source.issue('YAML_TAG', offset, `unknown YAML tag: ${message}`, 'only plain data can be written here');
    const hint = templateHint(source, offset) ?? indentHint(code);
    return source.issue('YAML_SYNTAX', offset, `this is not valid YAML: ${message}`, hint);
  });
}

/** Codes of the parser for what stands where it does not belong, which is a matter of blanks nearly always. */
const misplaced: readonly ErrorCode[] = ['BAD_INDENT', 'BLOCK_AS_IMPLICIT_KEY', 'MISSING_CHAR', 'UNEXPECTED_TOKEN'];

function indentHint(code: ErrorCode): string | undefined {
  if (code === 'TAB_AS_INDENT') return 'indent with blanks';
  return misplaced.includes(code)
    ? 'look at the indentation: what belongs together begins in the same column'
    : undefined;
}

const quoteHint = 'a text that begins with {{ must be quoted: "{{...}}"';

/** When the line has a value that begins with an unquoted tag, that is the mistake. */
function templateHint({ text }: YamlSource, offset: number): string | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const line = text.slice(start, end === -1 ? text.length : end);
  return /(^|[:-])\s+\{\{/.test(line) ? quoteHint : undefined;
}

function structureIssues(document: Document.Parsed, source: YamlSource): readonly Issue[] {
  const issues: Issue[] = [];
  visit(document, {
    Alias(_key, node, path) {
      const target = node.resolve(document);
      if (target === undefined) {
        issues.push(
          source.issue(
            'UNKNOWN_ALIAS',
            startOf(node),
            `unknown alias ${quote(`*${node.source}`)}: no anchor &${node.source} stands before it`,
          ),
        );
      } else if (path.includes(target)) {
        issues.push(
          source.issue(
            'ALIAS_CYCLE',
            startOf(node),
            `alias ${quote(`*${node.source}`)} is circular: it stands inside what it names`,
          ),
        );
      }
    },
    Map(_key, node) {
      issues.push(...duplicateKeys(node.items, source));
    },
    Pair(_key, pair) {
      const key = pair.key as Node | null;
      if (key === null || isScalar(key) || isAlias(key)) return undefined;
      issues.push(keyIssue(key, pair, source));
      return visit.SKIP;
    },
  });
  return issues;
}

function keyIssue(key: Node, pair: Pair, source: YamlSource): Issue {
  const offset = startOf(key);
  const isTag =
    pair.value === null && isMap(key) && key.flow === true && source.text.slice(0, offset).trimEnd().endsWith('{');
  if (!isTag) return source.issue('YAML_KEY', offset, 'a list or map cannot be a key');
  const begin = source.text.lastIndexOf('{', offset - 1);
  const end = source.text.indexOf('}}', offset);
  const tag = end === -1 ? '{{...}}' : source.text.slice(begin, end + 2);
  return source.issue(
    'TEMPLATE_NOT_QUOTED',
    begin,
    'a template is not quoted: without quotes {{ }} is a YAML map',
    `write "${tag.length > 60 ? '{{...}}' : tag}"`,
  );
}

/** Checked here in one pass: the parser's own check compares every key with every other. */
function duplicateKeys(items: readonly Pair[], source: YamlSource): readonly Issue[] {
  const seen = new Set<string>();
  return items.flatMap(({ key }) => {
    const node = key as Node | null;
    if (!isScalar(node)) return [];
    const name = String(node.value);
    if (name === '<<' || !seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [source.issue('DUPLICATE_KEY', startOf(node), `duplicate key ${quote(name)}: keys must be unique`)];
  });
}

export function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

export { isMap, isScalar, isSeq };
