/** What may be an id of a step, a name of a workflow, of a var or of a loop's item. */
import { quote } from './describe.ts';
import { maxNameLength } from './limits.ts';

const idPattern = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const workflowNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const uuidV4Pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Words that are targets, so that no step can be taken for them. */
export const targetWords: readonly string[] = ['end', 'break', 'continue'];

const prototypeNames: readonly string[] = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];

const reservedWords: ReadonlySet<string> = new Set([
  ...prototypeNames,
  'workflow',
  'steps',
  'env',
  'loop',
  'vars',
  'state',
  ...targetWords,
]);

export interface NameProblem {
  readonly code: 'INVALID_ID' | 'RESERVED_ID';
  readonly message: string;
  readonly expected?: string;
  readonly hint?: string;
}

/** What is wrong with a step id, or null. `what` names the kind of name in the message. */
export function checkId(id: string, what = 'step id'): NameProblem | null {
  const long = checkLength(id, what);
  if (long !== null) return long;
  if (reservedWords.has(id)) {
    return {
      code: 'RESERVED_ID',
      message: `${what} ${quote(id)} is reserved`,
      hint: `choose another name, such as '${id.replaceAll('_', '') || 'step'}-1'`,
    };
  }
  if (idPattern.test(id)) return null;
  return {
    code: 'INVALID_ID',
    message: `${what} ${quote(id)} is invalid`,
    expected: 'allowed characters: letters, digits, _ and -; the first a letter or _',
    ...suggestId(id),
  };
}

/** What is wrong with the name of a workflow, or null. */
export function checkWorkflowName(name: string): NameProblem | null {
  const long = checkLength(name, 'workflow id');
  if (long !== null) return long;
  // No path or target can name a workflow, so the words of the language are free.
  if (prototypeNames.includes(name))
    return { code: 'RESERVED_ID', message: `workflow id ${quote(name)} is reserved`, hint: 'choose another name' };
  if (workflowNamePattern.test(name)) return null;
  return {
    code: 'INVALID_ID',
    message: `workflow id ${quote(name)} is invalid`,
    expected: 'allowed characters: letters, digits, _, - and .; the first a letter, digit or _',
    ...suggestId(name),
  };
}

function checkLength(name: string, what: string): NameProblem | null {
  if (name === '') return { code: 'INVALID_ID', message: `${what} is empty`, expected: 'at least one letter' };
  if (name.length <= maxNameLength) return null;
  return { code: 'INVALID_ID', message: `${what} is too long`, expected: `at most ${maxNameLength} characters` };
}

function suggestId(text: string): { readonly hint?: string } {
  const id = slug(text);
  return id === '' || reservedWords.has(id) ? {} : { hint: `for example '${id}'` };
}

/** A text as a name: `Research and Summarize` is `research-and-summarize`. '' when nothing is left. */
export function slug(text: string): string {
  const words = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return words
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-0-9]+|-+$/g, '')
    .slice(0, maxNameLength);
}

export function isUuidV4(text: string): boolean {
  return uuidV4Pattern.test(text);
}
