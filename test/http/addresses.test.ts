import { describe, expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import { classifyAddress, compileAllowedHosts } from '../../src/http/addresses.ts';

describe('addresses that are refused', () => {
  const refused: readonly [string, RegExp][] = [
    ['127.0.0.1', /loopback/],
    ['127.255.255.254', /loopback/],
    ['::1', /loopback/],
    ['10.1.2.3', /private/],
    ['172.16.0.1', /private/],
    ['172.31.255.255', /private/],
    ['192.168.1.1', /private/],
    ['fc00::1', /private/],
    ['fd12:3456::1', /private/],
    ['100.64.0.1', /private/],
    ['169.254.1.1', /link-local/],
    ['fe80::1', /link-local/],
    ['169.254.169.254', /metadata/],
    ['fd00:ec2::254', /metadata/],
    ['100.100.100.200', /metadata/],
    ['168.63.129.16', /metadata/],
    ['192.0.0.192', /metadata/],
    ['0.0.0.0', /unspecified/],
    ['0.1.2.3', /unspecified/],
    ['::', /unspecified/],
    ['224.0.0.1', /multicast/],
    ['ff02::1', /multicast/],
    ['255.255.255.255', /broadcast|reserved/],
    ['240.0.0.1', /reserved/],
    ['192.0.2.1', /reserved/],
    ['198.18.0.1', /reserved/],
    ['2001:db8::1', /reserved/],
    ['::7f00:1', /reserved/],
    ['fec0::1', /reserved/],
    ['2001::7f00:1', /reserved/],
    ['64:ff9b:1::7f00:1', /reserved/],
    ['4000::1', /reserved/],
    ['::ffff:127.0.0.1', /loopback/],
    ['::ffff:7f00:1', /loopback/],
    ['::ffff:169.254.169.254', /metadata/],
    ['64:ff9b::127.0.0.1', /loopback/],
    ['64:ff9b::a9fe:a9fe', /metadata/],
    ['2002:7f00:1::', /loopback/],
    ['2002:c0a8:101::1', /private/],
    ['localhost', /not an IP/],
    ['', /not an IP/],
  ];
  test.each(refused)('%s', (address, kind) => {
    expect(classifyAddress(address)).toMatch(kind);
  });
});

test.each([
  '8.8.8.8',
  '1.1.1.1',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  '2002:808:808::1',
])('a public address is allowed: %s', (address) => {
  expect(classifyAddress(address)).toBeNull();
});

describe('allowed hosts', () => {
  const cases: readonly [string, string, boolean][] = [
    ['localhost:4000', 'http://localhost:4000/x', true],
    ['localhost:4000', 'http://localhost.:4000/', true],
    ['localhost:4000', 'http://LOCALHOST:4000/', true],
    ['localhost:4000', 'http://localhost:4001/', false],
    ['localhost:80', 'http://localhost/', true],
    ['localhost:443', 'https://localhost/', true],
    ['localhost:80', 'https://localhost/', false],
    ['127.0.0.1', 'http://127.0.0.1:9/', true],
    ['127.0.0.1', 'http://0x7f.1:9/', true],
    ['127.0.0.1', 'http://127.0.0.2/', false],
    ['127.0.0.1', 'http://localhost/', false],
    ['::1', 'http://[::1]:9/', true],
    ['[::1]:9', 'http://[0:0::1]:9/', true],
    ['[::1]:9', 'http://[::1]:8/', false],
    ['API.internal', 'http://api.internal/', true],
    ['api.internal', 'http://evil-api.internal/', false],
    ['*.internal.example', 'http://a.b.internal.example:1/', true],
    ['*.internal.example', 'http://internal.example/', false],
    ['*.internal.example', 'http://xinternal.example/', false],
    ['*.internal.example:8080', 'http://a.internal.example:8080/', true],
    ['*.internal.example:8080', 'http://a.internal.example/', false],
  ];
  test.each(cases)('%s and %s: %s', (entry, url, allowed) => {
    expect(compileAllowedHosts([entry])(new URL(url))).toBe(allowed);
  });

  test('every bad entry is reported at once', () => {
    const bad = [
      'http://localhost',
      'a b',
      '*',
      '*.*',
      '',
      'user@host',
      'host:99999',
      'host/path',
      7 as unknown as string,
    ];
    const make = () => compileAllowedHosts(['fine.example', ...bad]);
    expect(make).toThrow(DefinitionError);
    try {
      make();
    } catch (error) {
      const { issues } = error as DefinitionError;
      expect(issues.map((issue) => issue.path)).toEqual(bad.map((_, index) => `allowHosts[${index + 1}]`));
      expect(issues[0]).toMatchObject({ received: '"http://localhost"', hint: 'leave out the scheme and the path' });
    }
  });
});
