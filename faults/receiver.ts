/**
 * The world that the runs call: answers by the idempotency key, the same every time, after a short while; now and then with a
 * 503. Counts the calls, and finds calls of one key that differ.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly body: string;
  calls: number;
  /** Answered with 200. */
  answers: number;
}

export class Receiver {
  readonly calls = new Map<string, Received>();
  readonly mistakes: string[] = [];
  readonly #server: Server;
  readonly #random: () => number;

  private constructor(random: () => number) {
    this.#random = random;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async open(random: () => number): Promise<Receiver> {
    const receiver = new Receiver(random);
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = String(request.headers['idempotency-key'] ?? '');
    const body = await text(request).catch(() => null);
    // The process is gone.
    if (body === null) return;
    const known = this.calls.get(key) ?? { body, calls: 0, answers: 0 };
    this.calls.set(key, known);
    known.calls += 1;
    if (key === '') this.mistakes.push(`a call without a key: ${body}`);
    if (known.body !== body) this.mistakes.push(`calls of ${key} differ: ${known.body} and ${body}`);
    await new Promise((resolve) => setTimeout(resolve, this.#random() * 15));
    if (this.#random() < 0.05) {
      response.writeHead(503).end();
      return;
    }
    known.answers += 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answerTo(key)));
  }
}

/** What a service that honours keys gives for one, however often. */
export function answerTo(key: string): { readonly key: string; readonly n: number } {
  return { key, n: createHash('sha256').update(key).digest().readUInt16BE() };
}
