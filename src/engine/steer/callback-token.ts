/**
 * What addresses an attempt whose work completes later, for those who complete it: signed with a secret of the store, so that it
 * is the same for all processes and after a crash, and nobody makes one up. It says nothing that has to be kept from its holder.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { WorkflowError } from '../../core/errors.ts';
import type { Random, Store } from '../../core/ports.ts';

export interface AttemptAddress {
  readonly run: string;
  readonly step: string;
  readonly visit: number;
  readonly attempt: number;
}

const settingName = 'callback-secret';
const maxLength = 4_000;
/** Of the signature. */
const signatureBytes = 24;

export class CallbackTokens {
  readonly #store: Pick<Store, 'setting'>;
  readonly #random: Random;
  #secret: string | null = null;

  constructor(store: Pick<Store, 'setting'>, random: Random) {
    this.#store = store;
    this.#random = random;
  }

  make({ run, step, visit, attempt }: AttemptAddress): string {
    const address = Buffer.from(JSON.stringify([run, step, visit, attempt])).toString('base64url');
    return `${address}.${this.#sign(address).toString('base64url')}`;
  }

  /** @throws WorkflowError NOT_FOUND when it is none of ours */
  read(token: string): AttemptAddress {
    const [address = '', signature = '', ...rest] = token.length > maxLength ? [] : token.split('.');
    const given = Buffer.from(signature, 'base64url');
    const isOurs = rest.length === 0 && given.length === signatureBytes && timingSafeEqual(given, this.#sign(address));
    if (!isOurs) throw new WorkflowError('NOT_FOUND', 'this is not the token of a callback');
    const [run, step, visit, attempt] = JSON.parse(Buffer.from(address, 'base64url').toString()) as [
      string,
      string,
      number,
      number,
    ];
    return { run, step, visit, attempt };
  }

  #sign(text: string): Buffer {
    this.#secret ??= this.#store.setting(settingName, this.#newSecret());
    return createHmac('sha256', this.#secret).update(text).digest().subarray(0, signatureBytes);
  }

  #newSecret(): string {
    const parts = Array.from({ length: 4 }, () => this.#random.uuid());
    return createHash('sha256').update(parts.join()).digest('hex');
  }
}
