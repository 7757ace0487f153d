/** Bytes that are nearly valid, or nothing at all: seeded mutations of samples, and random bytes. Owns the mutations. */
import { SeededRandom } from './seeded-random.ts';

/** What parsers trip over: brackets, quotes, tags, controls, surrogates, directives, long digits. */
const dictionary: readonly Uint8Array[] = [
  ...[
    '{{',
    '}}',
    '{{{',
    '{{#a}}',
    '{{/a}}',
    '{{>',
    '${',
    '[',
    ']',
    '{',
    '}',
    '(',
    ')',
    '"',
    "'",
    '\\',
    '\\u',
    '&a',
    '*a',
    '<<: *a',
  ],
  ...[
    '!!',
    '!!binary',
    '%YAML 9.9',
    '---',
    '...',
    '|',
    '>-',
    '?',
    ': ',
    '- ',
    '#',
    '\t',
    '\r',
    '\0',
    '\u2028',
    '\uFEFF',
    '__proto__',
  ],
  ...[
    'constructor',
    'steps',
    'id',
    'type',
    'null',
    '1e999',
    '0x',
    '-0',
    '99999999999999999999',
    '===',
    '&&',
    '||',
    '!',
    '.',
    '..',
    '[0]',
  ],
  ...['((((((((', '[[[[[[[[', '{{{{{{{{', '- - - - - -', '!!!!!!!!', '--------'],
]
  .map((text) => new TextEncoder().encode(text))
  .concat([Uint8Array.of(0xff), Uint8Array.of(0xed, 0xa0, 0x80), Uint8Array.of(0xc3)]);

const maxMutations = 8;
const maxRandomBytes = 400;
const maxBytes = 20_000;

export class ByteFuzz {
  readonly #random: SeededRandom;
  readonly #samples: readonly Uint8Array[];

  constructor(seed: number, samples: readonly string[]) {
    this.#random = new SeededRandom(seed);
    this.#samples = samples.map((sample) => new TextEncoder().encode(sample));
  }

  next(): Uint8Array {
    if (this.#below(10) === 0) return Uint8Array.from({ length: this.#below(maxRandomBytes) }, () => this.#below(256));
    let bytes = this.#pick(this.#samples);
    for (let left = 1 + this.#below(maxMutations); left > 0; left--) bytes = this.#mutated(bytes);
    return bytes.slice(0, maxBytes);
  }

  #mutated(bytes: Uint8Array): Uint8Array {
    const at = this.#below(bytes.length + 1);
    const to = Math.min(bytes.length, at + 1 + this.#below(this.#below(4) === 0 ? 200 : 8));
    const piece = bytes.subarray(at, to);
    switch (this.#below(6)) {
      case 0:
        return joined(bytes.subarray(0, at), bytes.subarray(to));
      case 1:
        return joined(bytes.subarray(0, at), this.#pick(dictionary), bytes.subarray(at));
      case 2:
        return joined(bytes.subarray(0, at), this.#pick(dictionary), bytes.subarray(to));
      case 3: {
        // The same again and again: what grows faster than its input shows.
        const again = Array.from({ length: 1 + this.#below(40) }, () => piece);
        return joined(bytes.subarray(0, at), ...again, bytes.subarray(at));
      }
      case 4: {
        const other = this.#pick(this.#samples);
        const from = this.#below(other.length);
        return joined(bytes.subarray(0, at), other.subarray(from, from + this.#below(80)), bytes.subarray(at));
      }
      default:
        return joined(
          bytes.subarray(0, at),
          Uint8Array.of(this.#below(256)),
          bytes.subarray(Math.min(bytes.length, at + 1)),
        );
    }
  }

  #below(n: number): number {
    return Math.floor(this.#random.next() * n);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)] as T;
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
