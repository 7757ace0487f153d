/** What the contract suite needs of a kind of store, and what it gives its parts. */
import { afterEach, beforeEach } from 'vitest';
import { InvariantError, WorkflowError } from '../../src/core/errors.ts';
import type { Store } from '../../src/core/ports.ts';

export interface CrashableStore extends Store {
  /** As if its process had been killed. */
  crash(): void;
}

/** One database. */
export interface Harness {
  /** A store object on it, as another process would have. */
  open(): CrashableStore;
  dispose(): void;
}

/** Stores on the database of the running test; closed after it. */
export interface Contract {
  readonly open: () => CrashableStore;
  readonly openOwner: () => CrashableStore;
}

/** A new database for every test. */
export function useHarness(makeHarness: () => Harness): Contract {
  let harness: Harness;
  let opened: CrashableStore[];
  beforeEach(() => {
    harness = makeHarness();
    opened = [];
  });
  afterEach(() => {
    for (const store of opened) store.close();
    harness.dispose();
  });

  const open = (): CrashableStore => {
    const store = harness.open();
    opened.push(store);
    return store;
  };
  const openOwner = (): CrashableStore => {
    const store = open();
    store.acquire();
    return store;
  };
  return { open, openOwner };
}

/** The code of what `work` throws. */
export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof WorkflowError) return error.code;
    if (error instanceof InvariantError) return 'InvariantError';
    throw error;
  }
  return 'no error';
}
