/** What a content type means for us, and bodies as text and data: JSON, text or neither. Owns no I/O. */
import { isUtf8 } from 'node:buffer';
import { isPlainObject } from '../core/json.ts';
import { TerminalError } from '../core/errors.ts';
import { appendQuery } from './target.ts';

/** Deeper JSON is refused: it could be parsed, but neither be written again nor compared. */
export const maxJsonDepth = 500;

export interface ContentType {
  /** Lower case, without parameters; null when there is no (usable) header. */
  readonly type: string | null;
  readonly kind: 'json' | 'text' | 'binary';
  readonly charset: string | null;
}

const textTypes =
  /^(text\/.*|application\/(xml|javascript|ecmascript|graphql|yaml|x-yaml|toml|sql|x-www-form-urlencoded|x-ndjson|jsonl|.*\+(xml|yaml)))$/;

/** No content type counts as text. */
export function parseContentType(header: string | undefined): ContentType {
  const [first = '', ...parameters] = (header ?? '').split(';');
  const type = first.trim().toLowerCase();
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(parameter)?.[1])
    .find(Boolean);
  const json = type === 'application/json' || type === 'text/json' || type.endsWith('+json');
  const kind = json ? 'json' : type === '' || textTypes.test(type) ? 'text' : 'binary';
  return { type: type === '' ? null : type, kind, charset: charset?.toLowerCase() ?? null };
}

const utf8Names = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii', 'unicode-1-1-utf-8']);

/** What is wrong with the text's encoding, or null. */
export function checkCharset(bytes: Uint8Array, content: ContentType): string | null {
  if (content.charset !== null && !utf8Names.has(content.charset)) {
    return `charset '${content.charset}' is not supported, only utf-8`;
  }
  return isUtf8(bytes) ? null : 'it is not valid utf-8 (wrong charset?)';
}

export type ParsedJson = { readonly value: unknown } | { readonly problem: string };

/** JSON text as data; too deep is a problem too. */
export function parseJson(text: string): ParsedJson {
  try {
    const value: unknown = JSON.parse(text);
    // A text this short cannot be too deep.
    if (text.length > maxJsonDepth && isDeeper(value, maxJsonDepth)) {
      return { problem: `it is nested deeper than ${maxJsonDepth} levels` };
    }
    return { value };
  } catch {
    // The engine's message quotes a few characters, which may be a part of a secret: masking would not find it.
    return { problem: 'it is not valid JSON' };
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((member) => isDeeper(member, levels - 1));
}

export interface EncodedBody {
  readonly text: string;
  /** For requests that do not set one. */
  readonly contentType: string;
}

/**
 * The body of a request; null when there is none (`undefined` and `null`). A string goes out as it is, an object as a form
 * where the content type says so, anything else as JSON.
 * @throws TerminalError REQUEST_INVALID
 */
export function encodeBody(body: unknown, contentType: string | undefined): EncodedBody | null {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string') return { text: body, contentType: 'text/plain; charset=utf-8' };
  if (
    contentType !== undefined &&
    parseContentType(contentType).type === 'application/x-www-form-urlencoded' &&
    isPlainObject(body)
  ) {
    const params = new URLSearchParams();
    appendQuery(params, body);
    return { text: params.toString(), contentType };
  }
  const text = toJson(body);
  return { text, contentType: 'application/json' };
}

function toJson(body: unknown): string {
  try {
    const text: unknown = JSON.stringify(body);
    if (typeof text === 'string') return text;
  } catch (error) {
    throw new TerminalError('The body of the request cannot be written as JSON', {
      code: 'REQUEST_INVALID',
      cause: error,
    });
  }
  throw new TerminalError(`The body of the request is a ${typeof body}, which is not JSON`, {
    code: 'REQUEST_INVALID',
  });
}
