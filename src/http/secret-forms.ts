/**
 * The texts under which a secret can come back: as it is, JSON-escaped, URL-encoded and base64, also as a part of a longer
 * base64 text. Owns the list only; `mask.ts` looks for them.
 */

import { toUSVString } from 'node:util';

/** One text to look for. */
export interface SecretForm {
  readonly text: string;
  /** A part of a base64 text: the characters next to it hold bits of the secret too. */
  readonly base64: boolean;
}

/** Shorter pieces of base64 would be found by chance. */
const minBase64Part = 6;

/** Forms that were made before: the same few secrets are used in call after call. The oldest goes first. */
const known = new Map<string, readonly SecretForm[]>();
const maxKnown = 256;

/** All forms of a secret, the secret itself included, without duplicates. */
export function secretForms(secret: string): readonly SecretForm[] {
  const before = known.get(secret);
  if (before !== undefined) return before;
  const [oldest] = known.keys();
  if (known.size >= maxKnown && oldest !== undefined) known.delete(oldest);
  const forms = makeForms(secret);
  known.set(secret, forms);
  return forms;
}

function makeForms(secret: string): readonly SecretForm[] {
  const wellFormed = toUSVString(secret);
  const plain = new Set([secret, ...jsonForms(secret), ...urlForms(wellFormed)]);
  const bytes = Buffer.from(wellFormed, 'utf8');
  const encoded = bytes.toString('base64');
  for (const form of base64Spellings(encoded)) plain.add(form).add(form.replace(/=+$/, ''));
  const parts = new Set([0, 1, 2].flatMap((offset) => base64Spellings(base64Part(bytes, offset))));
  return [
    ...Array.from(plain, (text) => ({ text, base64: false })),
    ...Array.from(parts, (text) => ({ text, base64: true })).filter((form) => form.text.length >= minBase64Part),
  ];
}

/** As it stands in JSON text, and in JSON text inside JSON text. */
function jsonForms(secret: string): string[] {
  const once = JSON.stringify(secret).slice(1, -1);
  const twice = JSON.stringify(once).slice(1, -1);
  const ascii = once.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [once, twice, once.replaceAll('/', '\\/'), ascii];
}

function urlForms(secret: string): string[] {
  const component = encodeURIComponent(secret);
  const strict = component.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', secret]]).toString().slice(1);
  const upper = [component, strict, form, encodeURI(secret)];
  return [...upper, ...upper.map((text) => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/** Standard, URL-safe, and standard with `+`, `/` and `=` percent-encoded. */
function base64Spellings(text: string): string[] {
  return [text, text.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(text)];
}

/** The characters that the secret alone decides when it stands `offset` bytes (modulo 3) into a longer text. */
function base64Part(bytes: Buffer, offset: number): string {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return padded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}
