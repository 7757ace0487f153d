/**
 * Passes an inspector's messages on to whoever looks: a small server on this machine's loopback alone, speaking the protocol of
 * `createInspectorServer` of `@statelyai/inspect`. Who connects gets the messages so far, then what comes; what a connection
 * sends goes to all others. So `createWebSocketInspector({ url })` of any program can tell it of its actors.
 *
 * The address holds a key: other users of the machine and pages of the web do not know it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { WorkflowError } from '../../core/errors.ts';
import { isPlainObject } from '../../core/json.ts';
import { bridgePage } from './page.ts';

export interface RelayOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Of the address: letters and digits, not to be guessed. */
  readonly key: string;
  /** Address of the inspector's page. */
  readonly viewer: URL;
  /** Characters of messages that are kept for those who come later; of more, the oldest are forgotten. @default 128 Mi */
  readonly maxKept?: number;
}

const host = '127.0.0.1';
/** Of one message. */
const maxMessageBytes = 32 * 1024 * 1024;
/** What a client may be behind before it is let go. */
const maxWaitingBytes = 256 * 1024 * 1024;

export class Relay {
  readonly #server: Server;
  readonly #path: string;
  readonly #maxKept: number;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
  readonly #page: ReturnType<typeof bridgePage>;
  #kept: string[] = [];
  #keptLength = 0;
  #forgotten = 0;

  /** @throws WorkflowError REQUEST_INVALID when the port is taken */
  static async start(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options);
    await relay.#listen(options.port);
    return relay;
  }

  private constructor({ key, viewer, maxKept = 128 * 1024 * 1024 }: RelayOptions) {
    this.#path = `/${key}`;
    this.#maxKept = maxKept;
    this.#page = bridgePage(viewer);
    this.#server = createServer((request, response) => {
      this.#answer(request, response);
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#connect(request, socket, head);
    });
  }

  /** Of the page, for a browser. */
  get url(): string {
    return `http://${this.#address}`;
  }

  /** For `createWebSocketInspector({ url })`. */
  get socketUrl(): string {
    return `ws://${this.#address}`;
  }

  get #address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${host}:${port}${this.#path}`;
  }

  /** Messages that those who come now do not get any more. */
  get forgotten(): number {
    return this.#forgotten;
  }

  publish(message: unknown): void {
    this.#pass(JSON.stringify(message), null);
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.close(1001);
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeAllConnections();
    await closed;
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(new WorkflowError('REQUEST_INVALID', `port ${port} cannot be used: ${error.message}`, { cause: error }));
      });
      this.#server.listen(port, host, resolve);
    });
  }

  #isOurs({ url }: IncomingMessage): boolean {
    return url === this.#path;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#isOurs(request) || request.method !== 'GET') {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n');
      return;
    }
    const { html, policy } = this.#page;
    response
      .writeHead(200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': policy,
        'Referrer-Policy': 'no-referrer',
        'Cache-Control': 'no-store',
      })
      .end(html);
  }

  #connect(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.#isOurs(request)) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data, isBinary) => {
        const text = data instanceof Buffer ? data.toString('utf8') : '';
        if (!isBinary && isMessage(text)) this.#pass(text, client);
        else client.close(1007);
      });
      // What is wrong with a connection ends it; who left is no longer among the clients.
      client.on('error', () => {
        client.terminate();
      });
      for (const message of this.#kept) client.send(message);
    });
  }

  #pass(message: string, from: WebSocket | null): void {
    this.#keep(message);
    for (const client of this.#sockets.clients) if (client !== from) sendTo(client, message);
  }

  #keep(message: string): void {
    this.#kept.push(message);
    this.#keptLength += message.length;
    let dropped = 0;
    while (this.#keptLength > this.#maxKept && dropped < this.#kept.length - 1) {
      this.#keptLength -= (this.#kept[dropped] as string).length;
      dropped += 1;
    }
    if (dropped === 0) return;
    this.#kept = this.#kept.slice(dropped);
    this.#forgotten += dropped;
  }
}

function sendTo(client: WebSocket, message: string): void {
  if (client.bufferedAmount > maxWaitingBytes) client.close(1009);
  else client.send(message);
}

/** As the inspector's own receivers tell: JSON with a type and the version of the protocol. */
function isMessage(text: string): boolean {
  try {
    const message: unknown = JSON.parse(text);
    return isPlainObject(message) && typeof message['type'] === 'string' && typeof message['_version'] === 'string';
  } catch {
    return false;
  }
}
