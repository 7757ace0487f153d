/** One WebSocket connection of the relay, from the handshake to its end. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeFrame, FrameError, FrameReader, pongFrame, textFrame } from './frames.ts';

/** What the protocol adds to a client's key. */
const handshakeKey = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Of one message. */
const maxMessageBytes = 32 * 1024 * 1024;
/** What a client may be behind before it is let go. */
const maxWaitingBytes = 256 * 1024 * 1024;

export interface ConnectionHandlers {
  onText(text: string): void;
  onEnd(): void;
}

export class Connection {
  readonly #socket: Duplex;
  readonly #reader = new FrameReader(maxMessageBytes);
  readonly #handlers: ConnectionHandlers;
  #isOver = false;

  /** @returns null when the request is no handshake: it is answered and closed */
  static accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    handlers: (connection: Connection) => ConnectionHandlers,
  ): Connection | null {
    const { 'sec-websocket-key': key, 'sec-websocket-version': version, upgrade } = request.headers;
    if (upgrade?.toLowerCase() !== 'websocket' || version !== '13' || !/^[A-Za-z0-9+/]{22}==$/.test(key ?? '')) {
      socket.end('HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\r\n');
      return null;
    }
    const accept = createHash('sha1').update(`${key}${handshakeKey}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    return new Connection(socket, head, handlers);
  }

  private constructor(socket: Duplex, head: Buffer, handlers: (connection: Connection) => ConnectionHandlers) {
    this.#socket = socket;
    this.#handlers = handlers(this);
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    // A client that goes away without a word is gone all the same.
    socket.on('error', () => {
      this.#end();
    });
    socket.on('close', () => {
      this.#end();
    });
    if (head.length > 0) this.#read(head);
  }

  send(text: string): void {
    if (this.#isOver) return;
    if (this.#socket.writableLength > maxWaitingBytes) this.close(1009);
    else this.#socket.write(textFrame(text));
  }

  close(code = 1000): void {
    if (this.#isOver) return;
    this.#socket.end(closeFrame(code));
    this.#end();
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      for (const message of this.#reader.push(chunk)) {
        if (message.kind === 'text') this.#handlers.onText(message.text);
        else if (message.kind === 'ping') this.#socket.write(pongFrame(message.data));
        else this.close();
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.close(error.code);
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers.onEnd();
  }
}
