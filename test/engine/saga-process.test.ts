/** A real process on a real file that is killed again and again while it undoes what it did, over HTTP. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';

const script = fileURLToPath(new URL('./saga-process.ts', import.meta.url));

interface Received {
  readonly call: string;
  readonly key: string;
}

/** Answers every call; the card is refused. `onCall` may keep an answer back. */
async function receiver(onCall: () => boolean): Promise<{ readonly host: string; readonly received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const call = `${request.method ?? ''} ${request.url ?? ''}`;
    received.push({ call, key: String(request.headers['idempotency-key']) });
    if (!onCall()) return;
    response.writeHead(call === 'POST /card' ? 402 : 200, { 'content-type': 'application/json' });
    response.end('{}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

test(
  'killed at every call, with and without its answer: a receiver counts each compensation once',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'saga-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'runs.db');
    let kill: (() => void) | null = null;
    let calls = 0;
    const { host, received } = await receiver(() => {
      calls += 1;
      // Every other call kills the process: in turn before it is answered, and a moment after.
      if (calls % 2 === 1) return true;
      if (calls % 4 === 0) {
        kill?.();
        return false;
      }
      setImmediate(() => kill?.());
      return true;
    });
    for (let lives = 0; ; lives++) {
      expect(lives).toBeLessThan(60);
      const child = spawn(process.execPath, [script, file, host], { stdio: 'ignore' });
      kill = () => child.kill('SIGKILL');
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code === 0) break;
    }
    const store = openSqliteStore(file);
    onTestFinished(() => store.close());
    expect(store.readRun('trip')).toMatchObject({
      status: 'failed',
      error: { details: { status: 402, compensation: 'complete' } },
    });
    const counted = new Map<string, string>();
    for (const { call, key } of received) counted.set(key, call);
    expect([...counted].map(([key, call]) => `${key} ${call}`)).toEqual([
      'trip:flight:1 POST /flight',
      'trip/nights:1/0:night:1 POST /night',
      'trip/nights:1/1:night:1 POST /night',
      'trip/nights:1/2:night:1 POST /night',
      'trip:car:1 POST /car',
      'trip:card:1 POST /card',
      'trip:car-compensate:1 DELETE /car',
      'trip/nights:1/2/undo:night-compensate:1 DELETE /night',
      'trip/nights:1/1/undo:night-compensate:1 DELETE /night',
      'trip/nights:1/0/undo:night-compensate:1 DELETE /night',
      'trip:flight-compensate:1 DELETE /flight',
    ]);
  },
);
