/** Which methods and header names a definition may use. Pure rules on names; values are the HTTP client's concern. */

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

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

/** Methods that steps may use. */
export const httpMethods: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** What is wrong with a header's name, or null. */
export function headerNameProblem(name: string): string | null {
  const shown = JSON.stringify(name.slice(0, 100));
  if (!token.test(name)) return `header name ${shown} is invalid: letters, digits and - _ . only`;
  const lower = name.toLowerCase();
  if (!forbiddenHeaders.has(lower) && !lower.startsWith('proxy-')) return null;
  return `header ${shown} is not allowed: the HTTP client sets it`;
}
