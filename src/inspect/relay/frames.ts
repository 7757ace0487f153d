/**
 * The frames of a WebSocket (RFC 6455), as a server reads and writes them: texts, in one or several masked frames from the
 * client, in one from us. No extensions, no binary messages. Bytes in, messages out; owns no socket.
 */

export type Incoming =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ping'; readonly data: Buffer }
  | { readonly kind: 'close' };

const opcodes = { continuation: 0x0, text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** Why a connection is closed: the codes of the protocol. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly code: 1002 | 1003 | 1007 | 1009;
  constructor(code: FrameError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export function textFrame(text: string): Buffer {
  return frame(opcodes.text, Buffer.from(text, 'utf8'));
}

export function pongFrame(data: Buffer): Buffer {
  return frame(opcodes.pong, data);
}

export function closeFrame(code: number): Buffer {
  const data = Buffer.alloc(2);
  data.writeUInt16BE(code);
  return frame(opcodes.close, data);
}

function frame(opcode: number, data: Buffer): Buffer {
  const final = 0x80 | opcode;
  if (data.length < 126) return Buffer.concat([Buffer.from([final, data.length]), data]);
  if (data.length < 65_536) {
    const head = Buffer.from([final, 126, 0, 0]);
    head.writeUInt16BE(data.length, 2);
    return Buffer.concat([head, data]);
  }
  const head = Buffer.alloc(10);
  head[0] = final;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(data.length), 2);
  return Buffer.concat([head, data]);
}

interface Head {
  readonly isFinal: boolean;
  readonly opcode: number;
  /** Where the mask begins; the data comes after its 4 bytes. */
  readonly maskAt: number;
  readonly length: number;
}

export class FrameReader {
  readonly #maxBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  /** Of a message that is not complete. */
  #parts: Buffer[] | null = null;

  /** @param maxBytes of one message */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What is complete now. @throws FrameError: the connection is to be closed */
  push(chunk: Buffer): readonly Incoming[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const messages: Incoming[] = [];
    for (let head = this.#head(); head !== null; head = this.#head()) {
      const end = head.maskAt + 4 + head.length;
      if (this.#buffer.length < end) break;
      const data = unmasked(this.#buffer, head);
      this.#buffer = this.#buffer.subarray(end);
      const message = this.#take(head, data);
      if (message !== null) messages.push(message);
    }
    return messages;
  }

  /** Null: more bytes are needed. */
  #head(): Head | null {
    const [first, second] = this.#buffer;
    if (first === undefined || second === undefined) return null;
    const opcode = first & 0x0f;
    const isFinal = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw new FrameError(1002, 'reserved bits are set');
    if ((second & 0x80) === 0) throw new FrameError(1002, 'a client masks its frames');
    const short = second & 0x7f;
    const isControl = opcode >= 0x8;
    if (isControl && (short > 125 || !isFinal)) throw new FrameError(1002, 'a control frame is short and whole');
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (this.#buffer.length < 2 + extra) return null;
    const long = extra === 2 ? this.#buffer.readUInt16BE(2) : extra === 8 ? this.#buffer.readBigUInt64BE(2) : short;
    if (BigInt(long) + BigInt(this.#held) > BigInt(this.#maxBytes))
      throw new FrameError(1009, `a message is longer than ${this.#maxBytes} bytes`);
    return { isFinal, opcode, maskAt: 2 + extra, length: Number(long) };
  }

  get #held(): number {
    return this.#parts?.reduce((sum, part) => sum + part.length, 0) ?? 0;
  }

  #take({ opcode, isFinal }: Head, data: Buffer): Incoming | null {
    switch (opcode) {
      case opcodes.text:
        if (this.#parts !== null) throw new FrameError(1002, 'a message begins within another');
        return this.#add([], data, isFinal);
      case opcodes.continuation:
        if (this.#parts === null) throw new FrameError(1002, 'nothing is continued');
        return this.#add(this.#parts, data, isFinal);
      case opcodes.close:
        return { kind: 'close' };
      case opcodes.ping:
        return { kind: 'ping', data };
      case opcodes.pong:
        return null;
      default:
        throw new FrameError(1003, 'only texts are taken');
    }
  }

  #add(parts: Buffer[], data: Buffer, isFinal: boolean): Incoming | null {
    parts.push(data);
    this.#parts = isFinal ? null : parts;
    if (!isFinal) return null;
    try {
      return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)) };
    } catch {
      throw new FrameError(1007, 'a text is not UTF-8');
    }
  }
}

function unmasked(buffer: Buffer, { maskAt, length }: Head): Buffer {
  const mask = buffer.subarray(maskAt, maskAt + 4);
  const data = Buffer.from(buffer.subarray(maskAt + 4, maskAt + 4 + length));
  for (let index = 0; index < data.length; index++) data[index] = (data[index] as number) ^ (mask[index & 3] as number);
  return data;
}
