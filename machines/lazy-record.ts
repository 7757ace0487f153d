/** An object with given keys whose values are made when they are read: what a step sees of the other steps, and of vars. */
import { inspected } from './shown-context.ts';

/** `shown`: what of it is printed. */
export function lazyRecord<T>(
  keys: ReadonlySet<string>,
  make: (key: string) => T,
  shown: (all: Readonly<Record<string, T>>) => unknown,
): Readonly<Record<string, T>> {
  const record = new LazyRecord(keys, make, shown);
  return new Proxy(record, record) as unknown as Readonly<Record<string, T>>;
}

/** Both the proxy's handler and its target: `console.log(context)` looks at the target. */
class LazyRecord<T> implements ProxyHandler<object> {
  readonly #keys: ReadonlySet<string>;
  readonly #make: (key: string) => T;
  readonly [inspected]: () => unknown;

  constructor(
    keys: ReadonlySet<string>,
    make: (key: string) => T,
    shown: (all: Readonly<Record<string, T>>) => unknown,
  ) {
    this.#keys = keys;
    this.#make = make;
    this[inspected] = () => shown(Object.fromEntries([...keys].map((key) => [key, make(key)])));
  }

  get(_target: object, key: string | symbol): T | undefined {
    return typeof key === 'string' && this.#keys.has(key) ? this.#make(key) : undefined;
  }

  has(_target: object, key: string | symbol): boolean {
    return typeof key === 'string' && this.#keys.has(key);
  }

  ownKeys(): string[] {
    return [...this.#keys];
  }

  getOwnPropertyDescriptor(_target: object, key: string | symbol): PropertyDescriptor | undefined {
    if (typeof key !== 'string' || !this.#keys.has(key)) return undefined;
    return { value: this.#make(key), enumerable: true, configurable: true, writable: false };
  }

  getPrototypeOf(): null {
    return null;
  }

  set(): boolean {
    return false;
  }

  deleteProperty(): boolean {
    return false;
  }
}
