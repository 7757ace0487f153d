/** Conditions with expected results, over one set of data. Ids are stable names. */
export const caseData = {
  steps: {
    a: { output: { n: 5, s: 'hi', ok: true, list: [1, 2, 3], nil: null } },
    'fetch-research': { output: 'R' },
    decision: { output: 'long-summary' },
  },
  workflow: { input: { type: 'x' } },
};

export interface ValueCase {
  readonly id: string;
  readonly condition: string;
  readonly value: unknown;
}

export const accepted: readonly ValueCase[] = [
  { id: 'EXP-015', condition: `{{steps.decision.output}} === 'long-summary'`, value: true },
  { id: 'EXP-017', condition: '!({{steps.a.output.ok}})', value: false },
  { id: 'EXP-021', condition: '1 < 2 === true', value: true },
  { id: 'EXP-022', condition: '{{steps.a.output.nil}} === null', value: true },
  { id: 'EXP-025', condition: '1e3 === 1000', value: true },
  { id: 'EXP-026', condition: '.5 === 0.5', value: true },
  { id: 'EXP-027', condition: '{{steps.a.output.s}} > 5', value: false },
  { id: 'EXP-028', condition: '{{steps.a.output.n}}', value: 5 },
  { id: 'EXP-034', condition: '1/0 > 5', value: true },
  { id: 'EXP-036', condition: '{{steps.a.output.s}} + 1 === "hi1"', value: true },
  { id: 'EXP-037', condition: '{{steps.a.output.list}} === {{steps.a.output.list}}', value: true },
  { id: 'EXP-038', condition: 'true', value: true },
  { id: 'EXP-040', condition: '{{steps.a.output.n}} in (5, 6)', value: true },
  { id: 'EXP-042', condition: String.raw`"\n" === "\u000a"`, value: true },
];

export interface RefusedCase {
  readonly id: string;
  readonly condition: string;
  /** All must be in the report. */
  readonly says: readonly RegExp[];
}

export const refused: readonly RefusedCase[] = [
  { id: 'EXP-001', condition: '', says: [/empty/] },
  { id: 'EXP-002', condition: '   ', says: [/empty/] },
  { id: 'EXP-003', condition: '{{steps.a.output.n}} ===', says: [/unexpected end/, /expected a value/] },
  { id: 'EXP-004', condition: '{{steps.a.output.n}} = 5', says: [/unexpected '='/, /==/] },
  { id: 'EXP-006', condition: '"abc', says: [/unterminated string/] },
  { id: 'EXP-007', condition: '1 == 1; 2', says: [/unexpected ';'/] },
  { id: 'EXP-011', condition: 'new Date()', says: [/new/, /not supported/] },
  { id: 'EXP-031', condition: `${Array(2000).fill('1').join(' + ')} > 0`, says: [/too long/, /limit 4,096/] },
  { id: 'SEC-EXP-03', condition: 'constructor.constructor', says: [/'constructor' is not known/] },
  { id: 'SEC-EXP-10', condition: 'globalThis.pwn = 1', says: [/'globalThis' is not known/] },
  { id: 'SEC-EXP-11', condition: 'import("fs")', says: [/unknown function 'import'/] },
  { id: 'SEC-EXP-12', condition: 'eval("globalThis.pwn=1")', says: [/unknown function 'eval'/] },
  { id: 'SEC-EXP-13', condition: 'abs.constructor("globalThis.pwn=1")()', says: [/'abs' is not known/] },
  {
    id: 'SEC-EXP-14',
    condition: 'apply(constructor.constructor,"globalThis.pwn=1")',
    says: [/unknown function 'apply'/],
  },
  {
    id: 'SEC-EXP-15',
    condition: '{{steps.a.output.s}} ~= "^(a+)+$"',
    says: [/~=/, /regular expressions are not supported/],
  },
  { id: 'SEC-EXP-16', condition: '{{steps.a.output.s}} ~= {{steps.b.output.pattern}}', says: [/regular expressions/] },
  { id: 'SEC-EXP-18', condition: 'a /* */ == 1', says: [/'a' is not known/] },
  { id: 'comment', condition: '1 /* */ == 1', says: [/unexpected '\*'/] },
];

/** What a mistake is called, where its caret stands, and what the report says to do. */
export interface MistakeCase {
  readonly condition: string;
  readonly summary: string;
  readonly column: number;
  readonly expected?: string;
  readonly received?: string;
  readonly hint?: RegExp;
}

export const mistakes: readonly MistakeCase[] = [
  {
    condition: '{{vars.a}} and {{vars.b}}',
    summary: "unexpected 'and'",
    column: 12,
    expected: 'an operator or the end',
    hint: /&&/,
  },
  { condition: '{{vars.a}} or {{vars.b}}', summary: "unexpected 'or'", column: 12, hint: /\|\|/ },
  { condition: 'not {{vars.a}}', summary: "'not' is not known here", column: 1, hint: /write !/ },
  { condition: '{{vars.a}} is 5', summary: "unexpected 'is'", column: 12, hint: /==/ },
  { condition: '{{vars.a}} === blog', summary: "'blog' is not known here", column: 16, hint: /"blog"/ },
  { condition: '{{vars.a}} == nul', summary: "'nul' is not known here", column: 15, hint: /did you mean 'null'/ },
  {
    condition: 'steps.fetch-it.output > 1',
    summary: "'steps' is not known here",
    column: 1,
    hint: /\{\{steps\.fetch-it\.output\}\}/,
  },
  { condition: '{{vars.a}}.length > 1', summary: "unexpected '.'", column: 11, hint: /within the tag/ },
  { condition: '{{vars.a}}[0] > 1', summary: "unexpected '['", column: 11, hint: /items\.0/ },
  { condition: '5 . 5', summary: "unexpected '.'", column: 3, hint: /written as a tag/ },
  { condition: '{{vars.a}} ?? 1', summary: "unexpected '??'", column: 12, hint: /\|\|/ },
  { condition: '{{vars.a}}?.b', summary: "unexpected '?.'", column: 11, hint: /path/ },
  { condition: '{{vars.a}} & 1', summary: "unexpected '&'", column: 12, hint: /&&/ },
  { condition: '{{vars.a}} | 1', summary: "unexpected '|'", column: 12, hint: /\|\|/ },
  { condition: '2 ** 3', summary: "unexpected '**'", column: 3 },
  { condition: '1 -- 1', summary: "unexpected '--'", column: 3, hint: /- -/ },
  { condition: '1 ++ 1', summary: "unexpected '++'", column: 3, hint: /\+ \+/ },
  { condition: '1 << 1', summary: "unexpected '<<'", column: 3 },
  { condition: '(x) => 1', summary: "'x' is not known here", column: 2 },
  { condition: '1 => 1', summary: "unexpected '=>'", column: 3 },
  { condition: '`a`', summary: "unexpected '`'", column: 1, hint: /quotes/ },
  { condition: '{ a: 1 }', summary: "unexpected '{'", column: 1, hint: /two braces/ },
  { condition: '{{vars.a}}}', summary: "unexpected '}'", column: 11 },
  { condition: '1 # 2', summary: "unexpected '#'", column: 3 },
  { condition: '1 😀 2', summary: "unexpected '😀'", column: 3 },
  { condition: '{{vars.a', summary: "unclosed tag: '}}' is missing", column: 1 },
  { condition: '{{{vars.a}}', summary: "unclosed tag: '}}}' is missing", column: 1 },
  { condition: '{{#vars.a}}', summary: "unexpected '{{#' in a condition", column: 1, hint: /only names a value/ },
  { condition: '{{> vars}}', summary: "unexpected '{{>' in a condition", column: 1 },
  { condition: '{{}} == 1', summary: 'this tag is empty', column: 1, expected: 'a path such as workflow.input.topic' },
  { condition: '1 == {{var.a}}', summary: "unknown root 'var'", column: 6, hint: /did you mean 'vars'/ },
  { condition: '1 == {{a b}}', summary: "'a b' is not a valid name or path", column: 6 },
  { condition: '"{{vars.a}}" === "blog"', summary: 'unexpected tag in a string', column: 1, hint: /without quotes/ },
  { condition: '1 ==', summary: 'unexpected end of the condition', column: 5, expected: 'a value' },
  { condition: '(1 == 2', summary: 'unexpected end of the condition', column: 8, expected: "')'" },
  { condition: '1 == 2)', summary: "unexpected ')'", column: 7, expected: 'an operator or the end' },
  { condition: '()', summary: "unexpected ')'", column: 2, expected: 'a value' },
  { condition: '1 in (1, 2', summary: 'unexpected end of the condition', column: 11, expected: "')'" },
  { condition: '[1, 2', summary: 'unexpected end of the condition', column: 6, expected: "']'" },
  { condition: '(1, 2) == 1', summary: "unexpected ','", column: 3, hint: /after 'in'/ },
  { condition: '1 in (1, 2) + 3', summary: "unexpected ','", column: 8, hint: /after 'in'/ },
  { condition: '1 ? 2', summary: 'unexpected end of the condition', column: 6, expected: "':'" },
  { condition: '1 2', summary: "unexpected '2'", column: 3, expected: 'an operator or the end' },
  { condition: 'length === 5', summary: "'length' is a function", column: 1, hint: /length\(\.\.\.\)/ },
  {
    condition: 'len({{vars.a}})',
    summary: "unknown function 'len'",
    column: 1,
    expected:
      'one of ceil, contains, endsWith, floor, isEmpty, length, lower, max, min, number, round, startsWith, string, trim, upper',
  },
  { condition: 'lenght({{vars.a}})', summary: "unknown function 'lenght'", column: 1, hint: /did you mean 'length'/ },
  { condition: 'toString()', summary: "unknown function 'toString'", column: 1 },
  {
    condition: 'length(1, 2)',
    summary: "'length' takes another number of arguments",
    column: 1,
    expected: '1 argument',
  },
  {
    condition: 'contains(1)',
    summary: "'contains' takes another number of arguments",
    column: 1,
    expected: '2 arguments',
  },
  {
    condition: 'length()',
    summary: "'length' takes another number of arguments",
    column: 1,
    expected: '1 argument',
    received: '0',
  },
  {
    condition: 'max()',
    summary: "'max' takes another number of arguments",
    column: 1,
    expected: 'at least 1 argument',
  },
  { condition: 'max(1,)', summary: "unexpected ')'", column: 7, expected: 'a value' },
  { condition: '5 + .', summary: "unexpected '.'", column: 5 },
  { condition: '5 ?.', summary: "unexpected '?.'", column: 3 },
  { condition: '5 ?. 1', summary: "unexpected '?.'", column: 3 },
  { condition: String.raw`"\0`, summary: 'unterminated string', column: 1 },
  { condition: String.raw`"\uZ"`, summary: 'invalid escape sequence in a string', column: 2 },
  { condition: '010', summary: 'invalid number', column: 1 },
  { condition: '5n', summary: 'invalid number', column: 1 },
  { condition: '1e', summary: 'invalid number', column: 1 },
  { condition: '0x', summary: 'invalid number', column: 1 },
  { condition: '1_000', summary: 'invalid number', column: 1 },
  { condition: String.raw`"\x1"`, summary: 'invalid escape sequence in a string', column: 2 },
  { condition: String.raw`"\u{110000}"`, summary: 'invalid escape sequence in a string', column: 2 },
  { condition: String.raw`"\01"`, summary: 'octal escapes in a string are not supported', column: 2 },
  { condition: String.raw`"\8"`, summary: 'octal escapes in a string are not supported', column: 2 },
  { condition: '"a\nb"', summary: 'unterminated string', column: 1 },
  { condition: "'abc\\", summary: 'unterminated string', column: 1 },
  { condition: 'NaN', summary: "'NaN' is not known here", column: 1, hint: /NaN differs/ },
  { condition: 'x; y', summary: "'x' is not known here", column: 1 },
];
