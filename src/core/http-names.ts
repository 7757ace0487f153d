/** Which methods and header names a definition may use. Pure rules on names; values are the HTTP client's concern. */

/** A name as HTTP allows it: of a header, of a method. */
export const httpToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Framing and hop-by-hop headers belong to the client. */
const forbiddenHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether the client alone may set the header. */
export function isClientHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return forbiddenHeaders.has(lower) || lower.startsWith('proxy-');
}

/** Methods that steps may use. */
export const httpMethods: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** What is wrong with a header's name, or null. */
export function headerNameProblem(name: string): string | null {
  const shown = JSON.stringify(name.slice(0, 100));
  if (!httpToken.test(name)) return `header name ${shown} is invalid: letters, digits and - _ . only`;
  if (!isClientHeader(name)) return null;
  return `header ${shown} is not allowed: the HTTP client sets it`;
}

const tag = String.raw`\{\{[^{}]*\}\}`;
const literal = String.raw`"[^"\\]*"|'[^'\\]*'`;
const wholeUrl = new RegExp(
  String.raw`^\s*${tag}(?:\s*(?:\|\||\?\?)\s*(?:${tag}|(?<literal>${literal})(?=\s*$)))*\s*$`,
);

/**
 * A URL that comes whole from data: one tag, or a fallback of tags with a text in quotes as the last way out (`literal`). Null: it
 * is written out, with values in it.
 */
export function wholeUrlTemplate(url: string): { readonly literal: string | null } | null {
  const match = wholeUrl.exec(url);
  if (match === null) return null;
  return { literal: match.groups?.['literal']?.slice(1, -1) ?? null };
}
