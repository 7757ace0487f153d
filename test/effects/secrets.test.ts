/** Values of the environment on their whole way: a server of ours echoes them in every spelling, and the store is searched. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/engine/create-engine.ts';
import { agent, flow } from '../support/flow.ts';
import { collect, MemoryLog } from '../support/test-engine.ts';

const secret = 'p4ss+w0rd/with=signs & "quotes"';
const spellings = [
  secret,
  Buffer.from(secret).toString('base64'),
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
];

let server: Server;
let url: string;
let folder: string;
const received: string[] = [];

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  received.push(`${String(request.headers.authorization)} ${body}`);
  const echo = { response: spellings.join(' | '), list: spellings, more: { [`key of ${secret}`]: secret } };
  response.setHeader('x-echo', Buffer.from(secret).toString('base64'));
  if (request.url?.startsWith('/fail') === true) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end(`no, ${secret}`);
  } else if (request.url?.startsWith('/large') === true) {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(11 * 1024 * 1024));
  } else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(echo));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dank-secrets-'));
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything the store has on disk. */
function storedBytes(): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .flatMap((entry) => (entry.isFile() ? [readFileSync(join(entry.parentPath, entry.name)).toString('latin1')] : []))
    .join('\n');
}

const steps = () => [
  agent('a', { agentId: 'echo', input: { prompt: 'hello', key: '{{env.KEY}}' } }),
  {
    id: 'h',
    type: 'http',
    method: 'POST',
    url: `${url}/x?key={{env.KEY}}`,
    headers: { Authorization: 'Bearer {{env.KEY}}' },
    body: { key: '{{env.KEY}}' },
    pick: 'response',
  },
  { id: 'f', type: 'http', url: `${url}/fail`, headers: { Authorization: '{{env.KEY}}' }, onError: 'continue' },
];

describe('a secret', () => {
  test('reaches the other side, and nothing else: no event, output, error, log or byte of the store holds it', async () => {
    const log = new MemoryLog();
    const engine = await createEngine({
      store: join(folder, 'runs.db'),
      agents: { echo: url },
      env: { KEY: secret },
      allowHosts: [url.slice('http://'.length)],
      logger: log,
    });
    const definition = flow({
      state: { kept: null },
      steps: steps().map((step) => (step.id === 'a' ? { ...step, assign: { kept: '{{steps.a.output}}' } } : step)),
      output: {
        a: '{{steps.a.output}}',
        meta: '{{steps.a.metadata}}',
        h: '{{steps.h.output}}',
        f: '{{steps.f.error}}',
        state: '{{state}}',
      },
      onStepStart: {
        '*': (_: string, context: { readonly input: unknown; set(key: string, value: unknown): void }) =>
          context.set('input', context.input),
      },
    });
    const run = await engine.start(definition, {});
    const events = collect(run.events());
    const output = await run.result();
    const seen = [
      JSON.stringify(output),
      JSON.stringify(await events),
      JSON.stringify(run.status()),
      JSON.stringify(run.steps()),
      JSON.stringify(log.lines),
      storedBytes(),
    ];
    await engine.close();
    seen.push(storedBytes());
    expect(received).toHaveLength(3);
    for (const each of received) expect(each.includes(secret) || each.includes(spellings[3] as string)).toBe(true);
    for (const text of seen) for (const spelling of spellings) expect(text.includes(spelling)).toBe(false);
    // What stands there instead says what it was.
    expect(seen[0]).toContain('{{env.KEY}}');
  });

  test('is read again from the environment when a run goes on in another process', async () => {
    const file = join(folder, 'again.db');
    const definition = flow({
      name: 'again',
      steps: [agent('a', { agentId: 'echo', input: { prompt: 'hello', key: '{{env.KEY}}' } })],
    });
    const first = await createEngine({
      store: file,
      agents: { echo: 'http://127.0.0.1:9' },
      env: { KEY: 'old-value-of-it' },
      workflows: [definition],
      handlers: new Map([['agent', () => new Promise<never>(() => undefined)]]),
    });
    await first.start(definition, {}, { runId: 'r' });
    await first.close();
    received.length = 0;
    const second = await createEngine({
      store: file,
      agents: { echo: url },
      env: { KEY: 'new-value-of-it' },
      workflows: [definition],
    });
    await second.run('r').result();
    await second.close();
    expect(received).toHaveLength(1);
    expect(received[0]).toContain('new-value-of-it');
    expect(readFileSync(file).toString('latin1')).not.toContain('value-of-it');
  });

  test('answers of more than 10 MiB fail the step', async () => {
    const engine = await createEngine({ store: ':memory:', allowHosts: [url.slice('http://'.length)], env: {} });
    const run = await engine.start(flow({ steps: [{ id: 'h', type: 'http', url: `${url}/large` }] }));
    await expect(run.result()).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
    await engine.close();
  });
});
