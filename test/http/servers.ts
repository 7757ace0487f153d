/** Small real servers on loopback for these tests; each is closed at the end of its test. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createHttpClient, type HttpClientOptions } from '../../src/http/client.ts';
import type { HttpClient, HttpRequest } from '../../src/http/types.ts';

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Number of connections so far. */
  connections(): number;
  /** When the first connection was closed. */
  readonly closed: Promise<void>;
}

/** An HTTP server that answers with the listener. */
export function serve(listener: RequestListener, host = '127.0.0.1'): Promise<TestServer> {
  return listen(createServer({ keepAliveTimeout: 60_000 }, listener), host);
}

/** A server of raw bytes. */
export function serveRaw(onSocket: (socket: Socket) => void, host = '127.0.0.1'): Promise<TestServer> {
  return listen(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      onSocket(socket);
    }),
    host,
  );
}

async function listen(server: Server, host: string): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let count = 0;
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  server.on('connection', (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      onClosed();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${address.port}`, port: address.port, connections: () => count, closed };
}

/** A client that may call loopback by default. */
export function makeClient(options: HttpClientOptions = {}): HttpClient {
  const client = createHttpClient({ allowHosts: ['127.0.0.1', 'localhost', '[::1]'], ...options });
  onTestFinished(() => client.close());
  return client;
}

export function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, timeoutMs: 5_000, ...more };
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Answers with what it got. */
export async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readText(request);
  json(response, { method: request.method, url: request.url, headers: request.headers, body });
}

/** The error a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('expected a failure');
}
