/** The connections of an HTTP client. Loaded with the first request: undici is a hundred modules, and most commands call nobody. */
import { Agent, type Dispatcher } from 'undici';
import type { AddressRules } from './addresses.ts';
import { guardedConnector, openConnector, type ConnectOptions } from './connect.ts';

export interface ConnectionsOptions extends ConnectOptions {
  readonly rules: AddressRules;
  /** Of one host. */
  readonly connections: number;
}

export class Connections {
  /** For agents and allowed hosts. */
  readonly open: Dispatcher;
  /** For everybody else: no guarded call travels on an open connection. */
  readonly guarded: Dispatcher;

  constructor({ rules, connections, ...connect }: ConnectionsOptions) {
    this.open = new Agent({ connect: openConnector(connect), connections });
    this.guarded = new Agent({ connect: guardedConnector(connect, rules), connections });
  }

  async close(): Promise<void> {
    await Promise.all([this.open.destroy(), this.guarded.destroy()]);
  }
}
