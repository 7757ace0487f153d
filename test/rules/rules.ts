/** The project's own rules that no tool of others checks. Pure: a path and a text in, sentences out. */
import ts from 'typescript';

export type Rule = (path: string, text: string) => readonly string[];

const isProduct = (path: string) => /^(src|machines)\/.*\.ts$/.test(path) && !path.includes('/templates/');
const isCode = (path: string) => /^(src|machines|test|scripts|bench|examples|bin)\/.*\.[jt]s$/.test(path);

function linesWith(pattern: RegExp, text: string): readonly number[] {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
}

/** No `any` as a type and no compiler silenced. Tests may expect type errors, the product may not. */
const typesAreTold: Rule = (path, text) => {
  if (!isProduct(path)) return [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      found.push(`line ${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}: the type 'any'`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const silenced = linesWith(/@ts-(ignore|nocheck|expect-error)\b/, text);
  return [...found, ...silenced.map((line) => `line ${line}: the compiler is silenced`)];
};

/** A file begins by saying what it owns. */
const productFilesHaveHeaders: Rule = (path, text) =>
  isProduct(path) && !text.startsWith('/**') ? ['does not begin with a comment on what it owns'] : [];

const namesAreKebabCase: Rule = (path) => {
  const name = path.split('/').at(-1) ?? '';
  return isCode(path) && !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name) ? ['the name is not in kebab-case'] : [];
};

/** What is left to do stands in an issue, which the comment names: `TODO(#12)`. */
const leftOversNameAnIssue: Rule = (path, text) =>
  isCode(path)
    ? linesWith(/\b(TO[D]O|FIX[M]E|X[X]X|HAC[K])\b(?!\(#\d+\))/, text).map(
        (line) => `line ${line}: something left to do without an issue`,
      )
    : [];

/** Nothing tracked knows the machine it was written on. */
const noMachinePaths: Rule = (_path, text) =>
  linesWith(/(?<![\w.~/:-])(\/(home|Users|root|work|workspace)\/|[A-Z]:\\Users\\)/, text).map(
    (line) => `line ${line}: an absolute path of one machine`,
  );

export const rules: Readonly<Record<string, Rule>> = {
  'types are told': typesAreTold,
  'product files say what they own': productFilesHaveHeaders,
  'file names are in kebab-case': namesAreKebabCase,
  'what is left to do names an issue': leftOversNameAnIssue,
  'nothing knows the machine it was written on': noMachinePaths,
};
