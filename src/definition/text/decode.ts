/** Texts of definitions as they come from files and requests: size, encoding, byte order mark. */
import type { Issue } from '../../core/issue.ts';
import { maxTextBytes } from '../limits.ts';

/** The text, or why it cannot be read. */
export function decodeText(source: string | Uint8Array): { readonly text: string } | { readonly issue: Issue } {
  const bytes = typeof source === 'string' ? byteLength(source) : source.byteLength;
  if (bytes > maxTextBytes) {
    const expected = `at most ${maxTextBytes.toLocaleString('en-US')} bytes (limit)`;
    return {
      issue: {
        code: 'TEXT_TOO_LARGE',
        path: '',
        message: 'the text is too large',
        expected,
        received: `${bytes.toLocaleString('en-US')} bytes`,
      },
    };
  }
  if (typeof source === 'string') return { text: withoutMark(source) };
  try {
    return { text: withoutMark(new TextDecoder('utf-8', { fatal: true }).decode(source)) };
  } catch {
    return {
      issue: {
        code: 'TEXT_ENCODING',
        path: '',
        message: 'the text is not valid UTF-8',
        hint: 'save the file with encoding UTF-8',
      },
    };
  }
}

/** Not more than needed to know that a text is too large. */
function byteLength(text: string): number {
  return text.length > maxTextBytes ? text.length : new TextEncoder().encode(text).byteLength;
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
