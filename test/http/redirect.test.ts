import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../../src/http/types.ts';
import { echo, failureOf, get, makeClient, serve, type TestServer } from './servers.ts';

/** `/go?status&to` redirects; everything else answers with what it got. */
function redirector(): Promise<TestServer> {
  return serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    if (url.pathname !== '/go') return echo(request, response);
    response.writeHead(Number(url.searchParams.get('status')), { location: url.searchParams.get('to') ?? '' });
    return response.end('moved');
  });
}

function go(server: TestServer, status: number, to: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return get(`${server.url}/go`, { query: { status, to }, ...more });
}

describe('methods and bodies', () => {
  test.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [301, 'PUT', 'PUT', '{"a":1}'],
    [307, 'POST', 'POST', '{"a":1}'],
    [308, 'POST', 'POST', '{"a":1}'],
  ])('%i makes of %s %s', async (status, method, expected, body) => {
    const server = await redirector();
    const answer = await makeClient().send(go(server, status, '/there?x=1', { method, body: { a: 1 } }));
    expect(answer.body).toMatchObject({ method: expected, url: '/there?x=1', body });
    const { headers } = answer.body as { headers: Record<string, string> };
    expect(headers['content-type']).toBe(body === '' ? undefined : 'application/json');
  });

  test('HEAD stays HEAD', async () => {
    const seen: (string | undefined)[] = [];
    const server = await serve((request, response) => {
      seen.push(request.method);
      if (request.url === '/') response.writeHead(303, { location: '/there' });
      response.end();
    });
    await makeClient().send({ ...get(server.url), method: 'HEAD' });
    expect(seen).toEqual(['HEAD', 'HEAD']);
  });

  test.each([300, 304, 305, 306])('%i is an answer, not followed', async (status) => {
    const server = await redirector();
    expect(await makeClient().send(go(server, status, '/there'))).toMatchObject({ status });
  });

  test('a redirect without a place is an answer', async () => {
    const server = await serve((_request, response) => response.writeHead(302).end());
    expect(await makeClient().send(get(server.url))).toMatchObject({ status: 302 });
  });
});

test('more redirects than the limit fail', async () => {
  let count = 0;
  const server = await serve((_request, response) => {
    count += 1;
    response.writeHead(302, { location: '/again' }).end();
  });
  const error = await failureOf(makeClient().send(get(server.url)));
  expect(error).toMatchObject({ code: 'HTTP_ERROR', retryable: false });
  expect(error.message).toMatch(/more than 5 times/);
  expect(count).toBe(6);
});

describe('what another origin gets', () => {
  const secrets = new Map([['API_KEY', 'CANARY-9f2c']]);
  const headers = {
    Authorization: 'Bearer x',
    Cookie: 'a=b',
    'X-Api-Key': 'CANARY-9f2c',
    'X-Encoded': Buffer.from('key:CANARY-9f2c').toString('base64'),
    'X-Plain': 'stays',
  };

  test('SEC-SSRF-31: no credentials, and no header that carries a secret', async () => {
    const [server, other] = [await redirector(), await serve(echo)];
    const answer = await makeClient().send(go(server, 307, `${other.url}/x`, { headers, secrets }));
    const got = (answer.body as { headers: Record<string, string> }).headers;
    expect(got['x-plain']).toBe('stays');
    for (const name of ['authorization', 'cookie', 'x-api-key', 'x-encoded']) expect(got).not.toHaveProperty(name);
  });

  test('the same origin gets everything', async () => {
    const server = await redirector();
    const answer = await makeClient().send(go(server, 307, '/x', { headers, secrets }));
    expect(answer.body).toMatchObject({
      headers: { authorization: 'Bearer x', cookie: 'a=b', 'x-api-key': '{{env.API_KEY}}' },
    });
  });

  test('a kept body that carries a secret is not sent', async () => {
    const [server, other] = [await redirector(), await serve(echo)];
    const request = go(server, 308, other.url, { method: 'POST', body: { key: 'CANARY-9f2c' }, secrets });
    const error = await failureOf(makeClient().send(request));
    expect(error).toMatchObject({ code: 'HTTP_ERROR', retryable: false });
    expect(error.message).toMatch(/must not get the secret/);
    expect(other.connections()).toBe(0);
    expect(await makeClient().send({ ...request, body: { key: 'none' } })).toMatchObject({ status: 200 });
  });
});
