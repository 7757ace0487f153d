/** Requests that must not go out: every case asserts that the listener saw no connection. */
import type { LookupFunction } from 'node:net';
import { describe, expect, test } from 'vitest';
import { classifyAddress } from '../../src/http/addresses.ts';
import { createHttpClient, type HttpClientOptions } from '../../src/http/client.ts';
import { echo, failureOf, get, json, makeClient, serve } from './servers.ts';

/** A name service that knows these names; every other name is unknown. */
function names(known: Readonly<Record<string, readonly string[]>>): LookupFunction {
  return (hostname, options, callback) => {
    const addresses = (known[hostname] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (addresses.length === 0) callback(Object.assign(new Error(`ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), '');
    else if (options.all === true) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  };
}

/** The rules, but for 127.0.0.2, which plays a public address here. */
const publicLoopback: Pick<HttpClientOptions, 'addressRules'> = {
  addressRules: (address) => (address === '127.0.0.2' ? null : classifyAddress(address)),
};

const blocked = /blocked|not allowed|private/;

describe('addresses in the URL', () => {
  const cases: readonly [string, string][] = [
    ['another spelling', 'http://127.0.0.1:{port}/'],
    ['another spelling', 'http://2130706433:{port}/'],
    ['SEC-SSRF-03', 'http://0x7f.1:{port}/'],
    ['SEC-SSRF-04', 'http://0177.0.0.1:{port}/'],
    ['SEC-SSRF-05', 'http://127.1:{port}/'],
    ['another spelling', 'http://0:{port}/'],
    ['SEC-SSRF-07', 'http://①②⑦.⓪.⓪.①:{port}/'],
    ['SEC-SSRF-08', 'http://localhost:{port}/'],
    ['another spelling', 'http://localhost.:{port}/'],
    ['another spelling', 'http://api.localhost:{port}/'],
    ['another spelling', 'http://[::1]:{port}/'],
    ['SEC-SSRF-12', 'http://[::ffff:127.0.0.1]:{port}/'],
    ['another spelling', 'http://[64:ff9b::7f00:1]:{port}/'],
    ['SEC-SSRF-14', 'http://169.254.169.254/latest/meta-data/'],
    ['SEC-SSRF-15', 'http://[fd00:ec2::254]/latest/meta-data/'],
    ['another spelling', 'http://[::]:{port}/'],
    ['SEC-SSRF-17', 'http://100.100.100.200/'],
    ['SEC-SSRF-20', 'http://172.16.0.1/'],
    ['SEC-SSRF-33', 'http://127.0.0.1:{port}/api/runs'],
    ['SEC-SSRF-34', 'http://169.254.169.254/'],
  ];
  test.each(cases)('%s: %s', async (_id, template) => {
    const server = await serve(echo);
    const client = makeClient({ allowHosts: [] });
    const error = await failureOf(client.send(get(template.replace('{port}', String(server.port)))));
    expect(error).toMatchObject({ code: 'ADDRESS_BLOCKED', retryable: false });
    expect(error.message).toMatch(blocked);
    expect(error.message).toMatch(/allowHosts/);
    expect(server.connections()).toBe(0);
  });

  test.each([
    ['SEC-SSRF-23', 'gopher://127.0.0.1:6379/_INFO'],
    ['another spelling', 'file:///etc/passwd'],
    ['SEC-SSRF-25', 'data:text/plain,hi'],
    ['no scheme of ours', 'ftp://example.com/'],
  ])('%s: a scheme other than http(s) is refused: %s', async (_id, url) => {
    const error = await failureOf(makeClient().send(get(url)));
    expect(error).toMatchObject({ code: 'ADDRESS_BLOCKED', retryable: false });
    expect(error.message).toMatch(/scheme/);
  });

  test.each(['', 'example.com/x', '/path', 'http://', 'http://a b/', 'http://[::1', 'http://host:99999/'])(
    'no URL is refused: %s',
    async (url) => {
      await expect(makeClient().send(get(url))).rejects.toMatchObject({ code: 'REQUEST_INVALID', retryable: false });
    },
  );

  test('a URL that is too long is refused', async () => {
    await expect(makeClient().send(get(`http://127.0.0.1/${'x'.repeat(20_000)}`))).rejects.toThrow(
      /at most 16384 characters/,
    );
  });

  test('a user name or password in the URL is refused and not shown', async () => {
    const error = await failureOf(makeClient().send(get('http://kim:hunter2@127.0.0.1:1/')));
    expect(error).toMatchObject({ code: 'REQUEST_INVALID' });
    expect(error.message).toMatch(/user name or password/);
    expect(error.message).not.toMatch(/hunter2/);
  });

  test('the error says how to allow the host', async () => {
    const error = await failureOf(makeClient({ allowHosts: [] }).send(get('http://localhost:4000/x?key=1')));
    expect(error.message).toBe(
      'Calling http://localhost:4000 is not allowed: localhost is this machine. Local and private addresses are blocked; ' +
        "to call this one, add it to the configuration: allowHosts: ['localhost:4000'].",
    );
    expect(error['details']).toMatchObject({ host: 'localhost', allow: 'localhost:4000' });
  });

  test('an allowed host is called, others on the same machine are not', async () => {
    const [yes, no] = [await serve(echo), await serve(echo)];
    const client = makeClient({ allowHosts: [`127.0.0.1:${yes.port}`] });
    expect(await client.send(get(yes.url))).toMatchObject({ status: 200 });
    await expect(client.send(get(no.url))).rejects.toThrow(blocked);
    expect(no.connections()).toBe(0);
  });

  test('a registered agent is called wherever it lives; the same address as an ordinary target is not', async () => {
    const server = await serve(echo);
    const client = makeClient({ allowHosts: [] });
    expect(await client.send(get(server.url, { trusted: true }))).toMatchObject({ status: 200 });
    await expect(client.send(get(server.url))).rejects.toThrow(blocked);
    expect(server.connections()).toBe(1);
  });

  test('without options nothing local may be called', async () => {
    const server = await serve(echo);
    const client = createHttpClient();
    await expect(client.send(get(server.url))).rejects.toThrow(blocked);
    await client.close();
  });
});

describe('addresses behind names', () => {
  test.each([
    ['SEC-SSRF-30: an alias of this machine', ['127.0.0.1']],
    ['an alias in IPv6', ['::1']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['one private address among public ones', ['127.0.0.2', '10.0.0.1']],
    ['a public address in front', ['127.0.0.2', '127.0.0.1']],
    ['cloud metadata', ['169.254.169.254']],
  ])('%s', async (_name, addresses) => {
    const server = await serve(echo);
    const elsewhere = await serve(echo, '127.0.0.2');
    const client = makeClient({ allowHosts: [], lookup: names({ 'alias.test': addresses }), ...publicLoopback });
    for (const port of [server.port, elsewhere.port]) {
      const error = await failureOf(client.send(get(`http://alias.test:${port}/`)));
      expect(error).toMatchObject({ code: 'ADDRESS_BLOCKED', retryable: false, details: { host: 'alias.test' } });
      expect(error.message).toMatch(/alias\.test is .*\(.*\)/);
    }
    expect(server.connections() + elsewhere.connections()).toBe(0);
  });

  test('a public name is called, at the very address that was checked', async () => {
    const server = await serve(echo, '127.0.0.2');
    let lookups = 0;
    const answers = [['127.0.0.2'], ['127.0.0.1']];
    const lookup: LookupFunction = (hostname, options, callback) =>
      names({ [hostname]: answers[lookups++] ?? [] })(hostname, options, callback);
    const client = makeClient({ allowHosts: [], lookup, ...publicLoopback });
    const answer = await client.send(get(`http://rebind.test:${server.port}/`));
    expect(answer.body).toMatchObject({ headers: { host: `rebind.test:${server.port}` } });
    expect(lookups).toBe(1);
  });

  test('an allowed name may live at a private address', async () => {
    const server = await serve(echo);
    const client = makeClient({ allowHosts: ['*.internal.test'], lookup: names({ 'a.internal.test': ['127.0.0.1'] }) });
    expect(await client.send(get(`http://a.internal.test:${server.port}/`))).toMatchObject({ status: 200 });
  });

  test('a connection of a trusted call is not used for an ordinary one', async () => {
    const server = await serve(echo);
    const client = makeClient({ allowHosts: [], lookup: names({ 'agent.test': ['127.0.0.1'] }) });
    const url = `http://agent.test:${server.port}/`;
    expect(await client.send(get(url, { trusted: true }))).toMatchObject({ status: 200 });
    await expect(client.send(get(url))).rejects.toThrow(blocked);
    expect(server.connections()).toBe(1);
  });
});

describe('redirects', () => {
  /** A public server that redirects, and a client that can reach it. */
  async function publicServer(location: (port: number) => string, status = 302) {
    const local = await serve((_request, response) => json(response, 'secret of this machine'));
    const server = await serve((_request, response) => {
      response.writeHead(status, { location: location(local.port) }).end();
    }, '127.0.0.2');
    const lookup = names({ 'public.test': ['127.0.0.2'], 'private.test': ['127.0.0.1'] });
    return {
      local,
      url: `http://public.test:${server.port}/`,
      client: makeClient({ allowHosts: [], lookup, ...publicLoopback }),
    };
  }

  test.each([
    ['SEC-SSRF-26: to this machine', (port: number) => `http://127.0.0.1:${port}/secret`],
    ['to this machine by another spelling', (port: number) => `http://0x7f.1:${port}/secret`],
    ['to a name of this machine', (port: number) => `http://private.test:${port}/secret`],
    ['without scheme', (port: number) => `//127.0.0.1:${port}/secret`],
    ['SEC-SSRF-27: to a file', () => 'file:///etc/passwd'],
  ])('%s are refused', async (_name, location) => {
    for (const status of [301, 302, 303, 307, 308]) {
      const { local, url, client } = await publicServer(location, status);
      const error = await failureOf(client.send(get(url)));
      expect(error).toMatchObject({ code: 'ADDRESS_BLOCKED', retryable: false });
      expect(error.message).toMatch(blocked);
      expect(local.connections()).toBe(0);
    }
  });

  test('an agent that redirects to another origin is not followed to this machine', async () => {
    const other = await serve(echo);
    const server = await serve((_request, response) => response.writeHead(307, { location: other.url }).end());
    const client = makeClient({ allowHosts: [] });
    await expect(client.send(get(server.url, { trusted: true }))).rejects.toThrow(blocked);
    expect(other.connections()).toBe(0);
  });

  test('an agent that redirects within its origin is followed', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/new') json(response, 'here');
      else response.writeHead(308, { location: '/new' }).end();
    });
    const answer = await makeClient({ allowHosts: [] }).send(get(server.url, { trusted: true }));
    expect(answer).toMatchObject({ body: 'here', url: `${server.url}/new` });
  });
});
