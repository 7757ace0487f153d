/** Text and number literals as JavaScript writes them; used by conditions and by the last operand of a fallback. */

export interface Literal {
  readonly value: string | number;
  /** Where it ends in the source (exclusive). */
  readonly end: number;
}

/** A literal that is not right: what is wrong, and where. */
export interface LiteralFault {
  readonly fault: string;
  readonly at: number;
}

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
]);

/** Reads the quoted text that begins at `start`, where a quote stands. */
export function readString(source: string, start: number): Literal | LiteralFault {
  const quote = source[start];
  let value = '';
  let at = start + 1;
  while (at < source.length) {
    const char = source[at] as string;
    if (char === quote) return { value, end: at + 1 };
    if (char === '\n' || char === '\r') break;
    if (char !== '\\') {
      value += char;
      at += 1;
      continue;
    }
    const escape = readEscape(source, at);
    if ('fault' in escape) return escape;
    value += escape.value;
    at = escape.end;
  }
  return { fault: 'unterminated string', at: start };
}

const numericEscape = /x[\da-fA-F]{2}|u[\da-fA-F]{4}|u\{[\da-fA-F]{1,6}\}/y;
const lineContinuation = /\r\n|[\n\r\u2028\u2029]/y;

/** Reads the escape sequence whose backslash stands at `start`. */
function readEscape(source: string, start: number): { readonly value: string; readonly end: number } | LiteralFault {
  const [char = ''] = source.slice(start + 1, start + 3);
  const simple = simpleEscapes.get(char);
  if (simple !== undefined) return { value: simple, end: start + 2 };
  lineContinuation.lastIndex = start + 1;
  const newline = lineContinuation.exec(source);
  if (newline !== null) return { value: '', end: lineContinuation.lastIndex };
  if (char === 'x' || char === 'u') {
    numericEscape.lastIndex = start + 1;
    const digits = (numericEscape.exec(source)?.[0] ?? '').replace(/[xu{}]/g, '');
    const code = Number.parseInt(digits, 16);
    if (!(code <= 0x10ffff)) return { fault: 'invalid escape sequence in a string', at: start };
    return {
      value: code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code),
      end: numericEscape.lastIndex,
    };
  }
  if (/\d/.test(char)) {
    const isNul = char === '0' && !/\d/.test(source[start + 2] ?? '');
    return isNul
      ? { value: '\0', end: start + 2 }
      : { fault: 'octal escapes in a string are not supported', at: start };
  }
  return { value: char, end: start + 1 + char.length };
}

const numberPattern = /0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;

/** Reads the number that begins at `start`, where a digit (or a dot before a digit) stands. */
export function readNumber(source: string, start: number): Literal | LiteralFault {
  numberPattern.lastIndex = start;
  const text = (numberPattern.exec(source) as RegExpExecArray)[0];
  const end = start + text.length;
  if (/[\p{L}\p{N}_$]/u.test(source[end] ?? '')) return { fault: 'invalid number', at: start };
  return { value: Number(text), end };
}
