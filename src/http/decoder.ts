/** Undoes one content encoding while the body arrives, so that a limit on decoded bytes stops it early. */
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import type { Transform } from 'node:stream';

export type Encoding = 'gzip' | 'deflate' | 'br';

/** What the client says it understands. */
export const acceptedEncodings = 'gzip, deflate, br';

const encodings: ReadonlyMap<string, Encoding | null> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['identity', null],
  ['', null],
]);

/** Null: not encoded. More than one encoding is refused: nobody needs it, and chains multiply. */
export function parseEncoding(
  header: string | undefined,
): { readonly encoding: Encoding | null } | { readonly problem: string } {
  const names = (header ?? '').split(',').map((name) => name.trim().toLowerCase());
  if (names.length > 1) return { problem: 'more than one content-encoding is not supported' };
  const encoding = encodings.get(names[0] ?? '');
  if (encoding === undefined) return { problem: `content-encoding '${names[0]}' is not supported` };
  return { encoding };
}

export interface DecoderEvents {
  readonly onData: (chunk: Buffer) => void;
  readonly onEnd: () => void;
  readonly onError: (error: Error) => void;
  /** More may be written. */
  readonly onDrain: () => void;
}

export interface Decoder {
  /** False: wait for `onDrain`. */
  write(chunk: Buffer): boolean;
  end(): void;
  /** No event comes afterwards. */
  destroy(): void;
}

export function createDecoder(encoding: Encoding, events: DecoderEvents): Decoder {
  let stream: Transform | null = null;
  let destroyed = false;
  const start = (first: number | undefined): Transform => {
    const made = openStream(encoding, first);
    made.on('data', (chunk: Buffer) => {
      if (!destroyed) events.onData(chunk);
    });
    made.on('drain', () => events.onDrain());
    made.on('end', () => {
      if (!destroyed) events.onEnd();
    });
    made.on('error', (error) => {
      if (!destroyed) events.onError(error);
    });
    return made;
  };
  return {
    write(chunk) {
      if (destroyed) return true;
      stream ??= start(chunk[0]);
      return stream.write(chunk);
    },
    end() {
      if (destroyed) return;
      // An encoded answer without any body (HEAD) is an empty answer.
      if (stream === null) events.onEnd();
      else stream.end();
    },
    destroy() {
      destroyed = true;
      stream?.destroy();
    },
  };
}

/** `deflate` means zlib, but some servers send it without zlib's header. */
function openStream(encoding: Encoding, first: number | undefined): Transform {
  if (encoding === 'gzip') return createGunzip();
  if (encoding === 'br') return createBrotliDecompress();
  return first !== undefined && (first & 0x0f) === 8 ? createInflate() : createInflateRaw();
}
