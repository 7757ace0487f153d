/**
 * The world that the runs call: answers by the idempotency key, the same every time, after a short while; now and then with a
 * 503. Counts the calls, and finds calls of one key that differ. What is to be done later it accepts, and keeps the token of.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { laterPath, refusedPath } from './workflow.ts';

export interface Received {
  readonly body: string;
  /** Which of all keys it was, in the order of their first calls. */
  readonly place: number;
  calls: number;
  /** Answered in another way than with a 503. */
  answers: number;
  /** Of work that was accepted: of the newest attempt. */
  token: string | null;
}

/** Before it was counted, and after it was answered. */
export type CallPhase = 'asked' | 'answered';

/** Of the event loop: without a request; at most, as those who live go on asking. */
const quietTurns = 5;
const maxTurns = 200;

export class Receiver {
  readonly calls = new Map<string, Received>();
  readonly mistakes: string[] = [];
  /** Told of every call. */
  onCall: (key: string, phase: CallPhase) => void = () => undefined;
  readonly #server: Server;
  readonly #random: () => number;
  /** Requests that came, and of these what is still being read. */
  #asked = 0;
  #reading = 0;

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

  /** Resolves when what those who are dead had sent is counted: it may still stand in the sockets. */
  async caughtUp(): Promise<void> {
    for (let turn = 0, quiet = 0; quiet < quietTurns && turn < maxTurns; turn += 1) {
      const before = this.#asked;
      await nextTurn();
      quiet = this.#asked === before && this.#reading === 0 ? quiet + 1 : 0;
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#asked += 1;
    this.#reading += 1;
    const key = String(request.headers['idempotency-key'] ?? '');
    const body = await text(request).catch(() => null);
    this.#reading -= 1;
    // The process is gone.
    if (body === null) return;
    const received = this.#count(key, body);
    this.onCall(key, 'asked');
    await new Promise((resolve) => setTimeout(resolve, this.#random() * 15));
    if (this.#random() < 0.05) {
      response.writeHead(503).end();
      return;
    }
    received.answers += 1;
    if (request.url === laterPath) received.token = String(request.headers['x-callback-token']);
    const status = request.url === refusedPath ? 402 : request.url === laterPath ? 202 : 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answerTo(key)));
    this.onCall(key, 'answered');
  }

  #count(key: string, body: string): Received {
    const known = this.calls.get(key) ?? { body, place: this.calls.size, calls: 0, answers: 0, token: null };
    this.calls.set(key, known);
    known.calls += 1;
    if (key === '') this.mistakes.push(`I4: a call without a key: ${body}`);
    if (known.body !== body) this.mistakes.push(`I4: calls of ${key} differ: ${known.body} and ${body}`);
    return known;
  }
}

/** What a service that honours keys gives for one, however often. */
export function answerTo(key: string): { readonly key: string; readonly n: number } {
  return { key, n: createHash('sha256').update(key).digest().readUInt16BE() };
}
