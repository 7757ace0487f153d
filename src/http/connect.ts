/**
 * Opens connections to checked addresses only. Every answer of the name service is checked and the connection goes to
 * the very addresses that were checked, so that a name cannot change its meaning in between (DNS rebinding).
 *
 * C1. No TCP connection is opened to an address that the rules refuse. IP literals never reach a lookup function, hence
 *     they are checked before the connector; one refused address among several refuses the name.
 */
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { BlockedAddress, type AddressRules } from './addresses.ts';

export interface ConnectOptions {
  readonly lookup: LookupFunction;
  /** How long to wait for one connection, in milliseconds; the deadline of the call counts besides. */
  readonly connectTimeoutMs: number;
}

/** For agents and allowed hosts: connects anywhere. */
export function openConnector({ lookup, connectTimeoutMs }: ConnectOptions): buildConnector.connector {
  return buildConnector({ lookup, timeout: connectTimeoutMs });
}

/** For everything else: see C1. */
export function guardedConnector(options: ConnectOptions, rules: AddressRules): buildConnector.connector {
  const connect = openConnector({ ...options, lookup: checkedLookup(options.lookup, rules) });
  return (target, callback) => {
    const kind = isIP(target.hostname) === 0 ? null : rules(target.hostname);
    if (kind === null) connect(target, callback);
    else callback(new BlockedAddress(target.hostname, kind), null);
  };
}

function checkedLookup(lookup: LookupFunction, rules: AddressRules): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, answers) => {
      if (error !== null) return callback(error, '', 0);
      const addresses = Array.isArray(answers) ? answers : [{ address: answers, family: isIP(answers) }];
      for (const { address } of addresses) {
        const kind = rules(address);
        if (kind !== null) return callback(new BlockedAddress(address, kind), '', 0);
      }
      const first = addresses[0];
      if (first === undefined) return callback(new Error(`no address for ${hostname}`), '', 0);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
