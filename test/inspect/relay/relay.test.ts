import { createWebSocketInspector, createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Relay } from '../../../src/inspect/relay/relay.ts';

const viewer = new URL('https://viewer.example/inspect?a="b"&c');
const message = (n: number, text = ''): object => ({
  type: '@xstate.event',
  _version: '0.7.2',
  sessionId: `s${n}`,
  text,
});

async function startRelay(options: { readonly maxKept?: number } = {}): Promise<Relay> {
  const relay = await Relay.start({ port: 0, key: 'k3y', viewer, ...options });
  onTestFinished(() => relay.close());
  return relay;
}

interface Client {
  readonly socket: WebSocket;
  readonly received: StatelyInspectionEvent[];
}

async function client(url: string): Promise<Client> {
  const socket = new WebSocket(url);
  const received: StatelyInspectionEvent[] = [];
  socket.addEventListener(
    'message',
    ({ data }) => void received.push(JSON.parse(String(data)) as StatelyInspectionEvent),
  );
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('not opened')));
  });
  onTestFinished(() => socket.close());
  return { socket, received };
}

const sessions = ({ received }: Client): readonly string[] => received.map(({ sessionId }) => sessionId);

test('who connects gets what was told so far, then what is told', async () => {
  const relay = await startRelay();
  relay.publish(message(1));
  const first = await client(relay.socketUrl);
  relay.publish(message(2, 'x'.repeat(100_000)));
  const second = await client(relay.socketUrl);
  relay.publish(message(3));
  for (const each of [first, second]) await expect.poll(() => sessions(each)).toEqual(['s1', 's2', 's3']);
});

test('what a client sends goes to all others, and to those who come later', async () => {
  const relay = await startRelay();
  const [from, to] = [await client(relay.socketUrl), await client(relay.socketUrl)];
  from.socket.send(JSON.stringify(message(1)));
  await expect.poll(() => sessions(to)).toEqual(['s1']);
  const late = await client(relay.socketUrl);
  await expect.poll(() => sessions(late)).toEqual(['s1']);
  expect(from.received).toEqual([]);
});

test("the package's own inspector and receiver reach each other over it", async () => {
  const relay = await startRelay();
  const received: StatelyInspectionEvent[] = [];
  createWebSocketReceiver({ server: relay.socketUrl }).subscribe((event) => void received.push(event));
  const inspector = createWebSocketInspector({ url: relay.socketUrl });
  onTestFinished(() => {
    inspector.stop();
  });
  inspector.actor('worker', { status: 'active', context: { n: 1 } });
  inspector.event('worker', 'tick');
  await expect.poll(() => received.map(({ type }) => type)).toEqual(['@xstate.actor', '@xstate.event']);
});

test('beyond what is kept, the oldest messages are forgotten', async () => {
  const relay = await startRelay({ maxKept: 500 });
  for (let n = 0; n < 20; n++) relay.publish(message(n));
  const late = await client(relay.socketUrl);
  await expect.poll(() => sessions(late).at(-1)).toBe('s19');
  expect(late.received.length).toBe(20 - relay.forgotten);
  expect(relay.forgotten).toBeGreaterThan(10);
});

describe('strangers', () => {
  test('do not know the key', async () => {
    const relay = await startRelay();
    await expect(client(relay.socketUrl.replace('k3y', 'guess'))).rejects.toThrow('not opened');
    expect((await fetch(relay.url.replace('k3y', ''))).status).toBe(404);
    expect((await fetch(relay.url, { method: 'POST' })).status).toBe(404);
  });

  test('are only let in from this machine', async () => {
    const relay = await startRelay();
    expect(new URL(relay.url).hostname).toBe('127.0.0.1');
  });

  test('who send what is no message are let go, the others stay', async () => {
    const relay = await startRelay();
    const [bad, good] = [await client(relay.socketUrl), await client(relay.socketUrl)];
    const closed = new Promise<number>((resolve) => {
      bad.socket.addEventListener('close', ({ code }) => resolve(code));
    });
    bad.socket.send('{"type": "no version"}');
    expect(await closed).toBe(1007);
    relay.publish(message(1));
    await expect.poll(() => sessions(good)).toEqual(['s1']);
  });

  test('who speak no WebSocket get an answer', async () => {
    const relay = await startRelay();
    const { port } = new URL(relay.url);
    const socket = connect(Number(port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.write('GET /k3y HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    await expect.poll(() => answer).toMatch(/^HTTP\/1\.1 400/);
    socket.destroy();
  });
});

test('the page loads the inspector and nothing else, and says so to the browser', async () => {
  const relay = await startRelay();
  const response = await fetch(relay.url);
  const html = await response.text();
  expect(html).toContain('src="https://viewer.example/inspect?a=%22b%22&#38;c"');
  expect(response.headers.get('content-security-policy')).toContain('frame-src https://viewer.example;');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(html.match(/https?:\/\/[^/"' ]*/g)).toEqual([
    'https://viewer.example',
    'https://viewer.example',
    'https://viewer.example',
  ]);
});

test('a port that is taken is an error', async () => {
  const relay = await startRelay();
  const port = Number(new URL(relay.url).port);
  await expect(Relay.start({ port, key: 'x', viewer })).rejects.toThrow(`port ${port} cannot be used`);
});
