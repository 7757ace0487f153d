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
