/** Where a text stops being JSON: the errors of `JSON.parse` do not always say. */

const whitespace = /[ \t\n\r]*/y;
const scalar =
  // oxlint-disable-next-line no-control-regex -- JSON texts hold no control characters
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end';

/** The offset of the first character that cannot be there; the length of the text when only its end is missing. */
export function findJsonMistake(text: string): number {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let offset = skip(whitespace, text, 0);
  while (offset < text.length) {
    const next = step(text, offset, expected, open);
    if (next === null) return offset;
    ({ expected } = next);
    offset = skip(whitespace, text, next.offset);
  }
  return offset;
}

function step(
  text: string,
  offset: number,
  expected: Expected,
  open: ('{' | '[')[],
): { readonly offset: number; readonly expected: Expected } | null {
  const character = text[offset] as string;
  const one = (then: Expected) => ({ offset: offset + 1, expected: then });
  if (expected === ':') return character === ':' ? one('value') : null;
  const inside = open.at(-1);
  const closes =
    (character === '}' && inside === '{' && expected !== 'key') ||
    (character === ']' && inside === '[' && expected !== 'value');
  if (closes && (expected === ', or end' || expected.includes(' or '))) {
    open.pop();
    return one(', or end');
  }
  if (expected === ', or end')
    return character === ',' && inside !== undefined ? one(inside === '{' ? 'key' : 'value') : null;
  const wantsKey = expected.startsWith('key');
  if (!wantsKey && (character === '{' || character === '[')) {
    open.push(character);
    return one(character === '{' ? 'key or }' : 'value or ]');
  }
  const end = skip(scalar, text, offset);
  if (end === offset || (wantsKey && character !== '"')) return null;
  return { offset: end, expected: wantsKey ? ':' : ', or end' };
}

function skip(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : offset;
}
