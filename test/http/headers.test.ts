import { describe, expect, test } from 'vitest';
import { TerminalError } from '../../src/core/errors.ts';
import {
  checkHeaderName,
  checkHeaderValue,
  checkMethod,
  collectHeaders,
  credentialValues,
  idempotencyHeaders,
} from '../../src/http/headers.ts';
import { echo, failureOf, get, makeClient, serve } from './servers.ts';

test.each([
  'Host',
  'Content-Length',
  'Transfer-Encoding',
  'Connection',
  'Upgrade',
  'Keep-Alive',
  'TE',
  'Trailer',
  'Expect',
  'Proxy-Authorization',
  'proxy-x',
])('SEC-HDR-03: a definition may not set %s', (name) => {
  expect(checkHeaderName(name)).toMatch(/header .*not allowed/);
});

test.each(['', 'a b', 'a:b', 'a\r\nb', 'ä', 'a\0'])('a header name that is no token is invalid: %j', (name) => {
  expect(checkHeaderName(name)).toMatch(/header name .* is invalid/);
});

test.each(['Authorization', 'X-A', 'content-type', 'x_y', '__proto__'])('a header that may be set: %s', (name) => {
  expect(checkHeaderName(name)).toBeNull();
});

test.each(['GET', 'post', 'PATCH', 'PROPFIND'])('a method that may be used: %s', (method) => {
  expect(checkMethod(method)).toBeNull();
});

test.each(['GET\r\nX: y', '', 'G T', 'CONNECT', 'trace'])('SEC-HDR-02: a method that may not be used: %j', (method) => {
  expect(checkMethod(method)).toMatch(/method/);
});

describe('values', () => {
  test.each(['a\r\nX-Evil: 1', 'a\nb', 'a\rb', 'a\0b', 'snow ☃'])(
    'SEC-HDR-01: %j fails the call without being shown',
    async (value) => {
      const server = await serve(echo);
      const error = await failureOf(makeClient().send(get(server.url, { headers: { 'X-A': value } })));
      expect(error).toBeInstanceOf(TerminalError);
      expect(error.message).toMatch(/header 'X-A' has an invalid value/);
      expect(error.message).not.toMatch(/Evil|☃/);
      expect(server.connections()).toBe(0);
    },
  );

  test.each(['', 'plain', 'tab\there', 'é', '{"a":1}'])('%j may be sent', (value) => {
    expect(checkHeaderValue('x', value)).toBeNull();
  });

  test('numbers and truth values become text, what is undefined is left out, anything else is refused', () => {
    expect([...collectHeaders({ A: 1, b: true, c: undefined })]).toEqual([
      ['a', '1'],
      ['b', 'true'],
    ]);
    for (const value of [null, {}, ['x']]) {
      expect(() => collectHeaders({ a: value as unknown as string })).toThrow(/header 'a' has an invalid value/);
    }
  });

  test('later sources win whatever their case', () => {
    expect([...collectHeaders({ Accept: 'a' }, { ACCEPT: 'b' })]).toEqual([['accept', 'b']]);
  });
});

test('the idempotency key is a header whatever the run is called', () => {
  expect(idempotencyHeaders('order-17:fetch:1', 2)).toEqual({ 'idempotency-key': 'order-17:fetch:1', 'x-attempt': 2 });
  expect(idempotencyHeaders('bestellung ü\r\nX: 1', 1)['idempotency-key']).toBe('bestellung%20%C3%BC%0D%0AX:%201');
  expect(idempotencyHeaders('\ud800', 1)['idempotency-key']).toBe('%EF%BF%BD');
});

test('credentials are told by the names of their headers', () => {
  const headers = {
    Authorization: 'Bearer abc',
    'X-API-Key': 'k 1',
    Cookie: 's=1',
    'X-Auth-Token': 't',
    Accept: 'json',
  };
  expect(credentialValues(headers)).toEqual(['abc', 'k 1', 's=1', 't']);
});
