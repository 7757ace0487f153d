/**
 * Takes secrets out of what comes back from a call: texts, JSON data and errors. A secret of the environment is shown as
 * `{{env.NAME}}`, any other as `[secret]`. Which texts count as a secret: `secret-forms.ts`.
 *
 * A value shorter than {@link minSecretLength} characters is not masked: it would be found in ordinary text everywhere, and
 * taking it out would destroy the answer without hiding anything. Do not use such short secrets.
 */
import { isPlainObject } from '../core/json.ts';
import { secretForms } from './secret-forms.ts';

/** In characters. */
const minSecretLength = 4;

/** Looks for the secrets of one call. Everything is given back unchanged (the same object) when nothing was found. */
export interface Masker {
  /** False when there is nothing to look for. */
  readonly active: boolean;
  /** Whether a secret is in the text, in any form. */
  found(text: string): boolean;
  text(text: string): string;
  /** Strings and keys of plain JSON data, at any depth. */
  value(value: unknown): unknown;
  /** Message, stack, details and causes; a copy of the same class when something was found. */
  error(error: Error): Error;
  /** Where the secrets in the text stand, in order, not overlapping. */
  matches(text: string): readonly { readonly start: number; readonly end: number }[];
  /** How many characters at the end of the text may be the beginning of a secret. */
  pendingLength(text: string): number;
}

/** Masks once: {@link createMasker} for several values of one call. `secrets`: name in the environment -> value. */
export function maskSecrets(value: unknown, secrets: ReadonlyMap<string, string>): unknown {
  return createMasker(secrets).value(value);
}

/**
 * Compiles the secrets of one call. `secrets`: name in the environment -> value; `others`: secret values without a name
 * (credentials in the headers of an agent).
 */
export function createMasker(secrets: ReadonlyMap<string, string>, others: readonly string[] = []): Masker {
  if (secrets.size === 0 && others.length === 0) return inactiveMasker;
  const shownAs = new Map<string, string>();
  const base64 = new Set<string>();
  const add = (secret: string, shown: string) => {
    if (secret.length < minSecretLength) return;
    for (const form of secretForms(secret)) {
      if (shownAs.has(form.text)) continue;
      shownAs.set(form.text, shown);
      if (form.base64) base64.add(form.text);
    }
  };
  for (const [name, secret] of secrets) add(secret, `{{env.${name}}}`);
  for (const secret of others) add(secret, '[secret]');
  return shownAs.size === 0 ? inactiveMasker : compile(shownAs, base64);
}

const inactiveMasker: Masker = {
  active: false,
  found: () => false,
  text: (text) => text,
  value: (value) => value,
  error: (error) => error,
  matches: () => [],
  pendingLength: () => 0,
};

/** Longest form first, so that a secret that contains another is masked whole; one pass, so that what is shown is not masked again. */
function compile(shownAs: ReadonlyMap<string, string>, base64: ReadonlySet<string>): Masker {
  const forms = [...shownAs.keys()].sort((a, b) => b.length - a.length);
  let compiled: RegExp | null = null;
  const pattern = () => (compiled ??= new RegExp(forms.map((form) => source(form, base64.has(form))).join('|'), 'g'));

  const found = (text: string) => forms.some((form) => text.includes(form));
  const shown = (match: string) => shownAs.get(forms.find((form) => match.includes(form)) ?? '') ?? '[secret]';
  const text = (given: string) => (found(given) ? given.replace(pattern(), shown) : given);
  const value = (given: unknown): unknown => maskValue(given, text);
  return {
    active: true,
    found,
    text,
    value,
    error: (error) => maskError(error, { text, value }),
    matches: (given) =>
      Array.from(given.matchAll(pattern()), (match) => ({ start: match.index, end: match.index + match[0].length })),
    pendingLength: (given) => longestPrefixAtEnd(given, forms),
  };
}

function source(form: string, base64: boolean): string {
  const literal = form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  return base64 ? `[A-Za-z0-9+/_-]?${literal}[A-Za-z0-9+/_-]?={0,2}` : literal;
}

function longestPrefixAtEnd(text: string, forms: readonly string[]): number {
  const longest = Math.min(text.length, (forms[0]?.length ?? 0) - 1);
  for (let length = longest; length > 0; length -= 1) {
    const end = text.slice(-length);
    if (forms.some((form) => form.length > length && form.startsWith(end))) return length;
  }
  return 0;
}

function maskValue(value: unknown, text: (given: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const masked = items.map((item) => maskValue(item, text));
    return masked.some((item, index) => item !== items[index]) ? masked : value;
  }
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value);
  const masked = entries.map(([key, member]): [string, unknown] => [text(key), maskValue(member, text)]);
  const changed = masked.some(([key, member], index) => key !== entries[index]?.[0] || member !== entries[index][1]);
  return changed ? Object.fromEntries(masked) : value;
}

/** Deeper causes are never told (`toErrorData`), and a cause may be its own. */
const maxCauseDepth = 10;

interface Parts {
  readonly text: (given: string) => string;
  readonly value: (given: unknown) => unknown;
}

function maskError(error: Error, parts: Parts, depth = 0): Error {
  if (depth > maxCauseDepth) return error;
  const changes: PropertyDescriptorMap = {};
  for (const key of Object.getOwnPropertyNames(error)) {
    const before: unknown = Reflect.get(error, key);
    const after = maskMember(before, parts, depth + 1);
    if (after === before) continue;
    changes[key] = { value: after, writable: true, configurable: true, enumerable: key === 'details' };
  }
  if (Object.keys(changes).length === 0) return error;
  // The stack of a real error is an accessor in newer engines, which knows nothing of a copy.
  const stack = { value: parts.text(error.stack ?? ''), writable: true, configurable: true };
  const own = { ...Object.getOwnPropertyDescriptors(error), ...changes, stack };
  return Object.create(Object.getPrototypeOf(error) as object, own) as Error;
}

/** A cause, a list of errors (`AggregateError.errors`), or data. */
function maskMember(member: unknown, parts: Parts, depth: number): unknown {
  if (member instanceof Error) return maskError(member, parts, depth);
  if (!Array.isArray(member) || !member.some((item) => item instanceof Error)) return parts.value(member);
  const items: readonly unknown[] = member;
  const masked = items.map((item) => maskMember(item, parts, depth));
  return masked.some((item, index) => item !== items[index]) ? masked : member;
}
