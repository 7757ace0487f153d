import { isIP, type LookupFunction } from 'node:net';
import { describe, expect, test } from 'vitest';
import { BlockedAddress, classifyAddress } from '../../src/http/addresses.ts';
import { guardedConnector } from '../../src/http/connect.ts';
import { echo, serve } from './servers.ts';

/** What connecting to the host gives: the error, or null. */
function connect(lookup: LookupFunction, hostname: string, port: number): Promise<Error | null> {
  const rules = (address: string) => (address === '127.0.0.2' ? null : classifyAddress(address));
  const connector = guardedConnector({ lookup, connectTimeoutMs: 1_000 }, rules);
  return new Promise((resolve) => {
    connector({ hostname, host: hostname, protocol: 'http:', port: String(port) }, (error, socket) => {
      socket?.destroy();
      resolve(error);
    });
  });
}

const answer =
  (...addresses: readonly string[]): LookupFunction =>
  (_host, _options, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    );
  };
/** A name service that ignores being asked for all addresses. */
const single =
  (address: string): LookupFunction =>
  (_host, _options, callback) =>
    callback(null, address, isIP(address));

describe('C1: the connector itself opens no connection to a refused address', () => {
  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('given as a literal: %s', async (address) => {
    const server = await serve(echo);
    expect(await connect(answer('127.0.0.2'), address, server.port)).toBeInstanceOf(BlockedAddress);
    expect(server.connections()).toBe(0);
  });

  test('given as the only answer of a simple name service', async () => {
    const server = await serve(echo);
    expect(await connect(single('127.0.0.1'), 'a.test', server.port)).toBeInstanceOf(BlockedAddress);
    expect(server.connections()).toBe(0);
  });

  test('nor to a name without addresses, or with an answer that is no address', async () => {
    expect((await connect(answer(), 'a.test', 1))?.message).toMatch(/no address for a\.test/);
    expect(await connect(answer('localhost'), 'a.test', 1)).toBeInstanceOf(BlockedAddress);
  });

  test('but to every other', async () => {
    const server = await serve(echo, '127.0.0.2');
    expect(await connect(answer('127.0.0.2'), 'a.test', server.port)).toBeNull();
    expect(await connect(single('127.0.0.2'), 'a.test', server.port)).toBeNull();
    expect(await connect(answer(), '127.0.0.2', server.port)).toBeNull();
  });
});
