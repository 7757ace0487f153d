/**
 * Which addresses a definition may call: public ones, and the hosts that the configuration allows. Owns the rules;
 * `connect.ts` applies them to every answer of the name service, `target.ts` to every URL.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { DefinitionError, WorkflowError } from '../core/errors.ts';
import type { Issue } from '../core/issue.ts';

/** Says what kind of address it is when it must not be called ('a loopback address'), or null. */
export type AddressRules = (address: string) => string | null;

/** Addresses under which clouds serve credentials of the machine. The ranges below hold all but Azure's. */
const metadataAddresses = new Set([
  '169.254.169.254',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2::254',
]);

const rangeNames: ReadonlyMap<string, string> = new Map([
  ['broadcast', 'the broadcast address'],
  ['carrierGradeNat', 'a private address (carrier-grade NAT)'],
  ['linkLocal', 'a link-local address'],
  ['loopback', 'a loopback address'],
  ['multicast', 'a multicast address'],
  ['private', 'a private address'],
  ['uniqueLocal', 'a private address'],
  ['unspecified', 'the unspecified address'],
]);

/** The built-in rules. IPv4 inside IPv6 (mapped, NAT64, 6to4) counts as that IPv4 address. */
export const classifyAddress: AddressRules = (address) => {
  if (isIP(address) === 0) return 'not an IP address';
  const parsed = ipaddr.parse(address);
  const plain = parsed instanceof ipaddr.IPv6 ? unwrap(parsed) : parsed;
  if (metadataAddresses.has(plain.toString())) return 'an address of cloud metadata';
  const range = plain.range();
  // Of IPv6 only 2000::/3 is global unicast; the rest of the space is special or not in use.
  const global = plain instanceof ipaddr.IPv4 || ((plain.parts[0] ?? 0) & 0xe000) === 0x2000;
  if (range === 'unicast' && global) return null;
  return rangeNames.get(range) ?? 'a reserved address';
};

const nat64 = ipaddr.parseCIDR('64:ff9b::/96');
const sixToFour = ipaddr.parseCIDR('2002::/16');

function unwrap(address: ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  const bytes = address.toByteArray();
  if (address.match(nat64)) return new ipaddr.IPv4(bytes.slice(12, 16));
  if (address.match(sixToFour)) return new ipaddr.IPv4(bytes.slice(2, 6));
  return address;
}

/** A URL's host without brackets and closing dot: an IP address or a name in lower case. */
export function bareHost(url: URL): string {
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  return host.replace(/\.$/, '');
}

/** Names that mean this machine, whatever the name service says. */
export function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

/** The port a URL leads to, also when it is the default of the scheme. */
function effectivePort(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

export type HostMatcher = (url: URL) => boolean;

/**
 * Compiles the hosts that the configuration allows: `'localhost:4000'`, `'127.0.0.1'`, `'[::1]:4000'`, `'api.internal'`,
 * `'*.internal.example'` (names below it, not itself); without a port, every port.
 * @throws DefinitionError with every entry that is not one of these
 */
export function compileAllowedHosts(entries: readonly string[]): HostMatcher {
  const issues: Issue[] = [];
  const exact = new Set<string>();
  const endings: { readonly ending: string; readonly port: number | null }[] = [];
  for (const [index, entry] of entries.entries()) {
    const parsed = parseAllowedHost(entry);
    if (parsed === null) issues.push(allowedHostIssue(entry, index));
    else if (parsed.host.startsWith('*.')) endings.push({ ending: parsed.host.slice(1), port: parsed.port });
    else exact.add(parsed.port === null ? parsed.host : `${parsed.host} ${parsed.port}`);
  }
  if (issues.length > 0) throw new DefinitionError('The list of allowed hosts', issues);
  return (url) => {
    const host = bareHost(url);
    const port = effectivePort(url);
    if (exact.has(host) || exact.has(`${host} ${port}`)) return true;
    return endings.some((rule) => host.endsWith(rule.ending) && (rule.port ?? port) === port);
  };
}

function parseAllowedHost(entry: unknown): { readonly host: string; readonly port: number | null } | null {
  if (typeof entry !== 'string') return null;
  if (isIP(entry) === 6) return { host: ipaddr.parse(entry).toString(), port: null };
  const parts = /^(\*\.)?(\[[0-9a-fA-F:.]+\]|[^\s:/?#@\\*[\]]+)(?::(\d{1,5}))?$/.exec(entry);
  if (parts?.[2] === undefined || Number(parts[3] ?? 1) > 65_535) return null;
  const url = URL.parse(`http://${parts[2]}`);
  if (url === null) return null;
  return { host: `${parts[1] ?? ''}${bareHost(url)}`, port: parts[3] === undefined ? null : Number(parts[3]) };
}

function allowedHostIssue(entry: unknown, index: number): Issue {
  return {
    code: 'ALLOWED_HOST_INVALID',
    path: `allowHosts[${index}]`,
    message: 'not a host',
    expected: "a host or host:port, such as 'localhost:4000', '127.0.0.1' or '*.internal.example'",
    received: JSON.stringify(entry) ?? typeof entry,
    ...(typeof entry === 'string' && entry.includes('://') ? { hint: 'leave out the scheme and the path' } : {}),
  };
}

/** Why a connection was not opened: inside the connector, where the URL is not known. */
export class BlockedAddress extends Error {
  readonly address: string;
  readonly kind: string;
  constructor(address: string, kind: string) {
    super(`${address} is ${kind}`);
    this.address = address;
    this.kind = kind;
  }
}

/** The error of a call that the rules forbid. Not retryable. `address` is null when the name alone is enough. */
export function blockedError(url: URL, address: string | null, kind: string): WorkflowError {
  const host = bareHost(url);
  const allow = `${url.hostname.replace(/\.$/, '')}:${effectivePort(url)}`;
  const resolved = address === null || address === host ? kind : `${kind} (${address})`;
  return new WorkflowError(
    'ADDRESS_BLOCKED',
    `Calling ${url.origin} is not allowed: ${host} is ${resolved}. Local and private addresses are blocked; ` +
      `to call this one, add it to the configuration: allowHosts: ['${allow}'].`,
    { details: { host, ...(address === null ? {} : { address }), kind, allow } },
  );
}
