/** Agents behind TLS: whose certificate is not right is not spoken to, and not asked again. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { certificateFor } from '../support/certificate.ts';

const script = fileURLToPath(new URL('./tls-process.ts', import.meta.url));
const soon = new Date(Date.now() + 86_400_000);
const yesterday = new Date(Date.now() - 86_400_000);

interface Outcome {
  readonly output?: unknown;
  readonly message?: string;
  readonly attempts: number;
}

/** What comes of asking `https://agent.test`, whose certificate is for that host and time. */
async function ask(host: string, until: Date, isTrusted = true): Promise<Outcome & { readonly requests: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'dank-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const given = certificateFor(host, until);
  const trusted = isTrusted ? given : certificateFor(host, until);
  writeFileSync(join(folder, 'ca.pem'), trusted.cert);
  let requests = 0;
  const server = createServer(given, (_request, response) => {
    requests += 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"response":"in confidence"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://agent.test:${(server.address() as AddressInfo).port}`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--no-warnings', script, url], { env }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${error.message}\n${stderr}`));
      else resolve({ ...(JSON.parse(stdout) as Outcome), requests });
    });
  });
}

test('one that is right is asked', { timeout: 60_000 }, async () => {
  expect(await ask('agent.test', soon)).toEqual({ output: 'in confidence', attempts: 1, requests: 1 });
});

test.each([
  ['that has expired', 'agent.test', yesterday, true, /its certificate has expired/],
  ['for another host', 'other.test', soon, true, /its certificate is for another host/],
  ['that nobody vouches for', 'agent.test', soon, false, /its certificate is self-signed/],
])(
  'FLT-NW-11: a certificate %s fails the step at once',
  { timeout: 60_000 },
  async (_what, host, until, isTrusted, why) => {
    const { message, ...rest } = await ask(host, until, isTrusted);
    expect(message).toMatch(why);
    expect(message).toContain('https://agent.test');
    expect(rest).toEqual({ attempts: 1, requests: 0 });
  },
);
