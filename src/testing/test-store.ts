/** The store of a test engine, and how it dies: in memory it is shared by the lives of the process, as a file is. */
import type { Store } from '../core/ports.ts';
import { MemoryDatabase, openMemoryStore } from '../store/memory.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';

export interface TestStore {
  readonly store: Store;
  /** Nothing is written any more. Gives what opens it for the next process. @throws TypeError for a store of the caller's */
  kill(): () => TestStore;
}

export function openTestStore(store: string | Store): TestStore {
  if (typeof store !== 'string') return { store, kill: cannotDie };
  return store === ':memory:' ? inMemory(new MemoryDatabase()) : inFile(store);
}

function inMemory(database: MemoryDatabase): TestStore {
  const store = openMemoryStore(database);
  return {
    store,
    kill: () => {
      store.crash();
      return () => inMemory(database);
    },
  };
}

function inFile(file: string): TestStore {
  const store = openSqliteStore(file);
  return {
    store,
    kill: () => {
      store.close();
      return () => inFile(file);
    },
  };
}

function cannotDie(): never {
  throw new TypeError(
    "crash() reopens the store, which it can only for one that createTestEngine() opened: leave out 'store', or name a file",
  );
}
