import { describe, expect, test } from 'vitest';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { describeStore } from './contract.ts';
import { start } from './samples.ts';

describeStore('memory', () => {
  const database = new MemoryDatabase();
  return { open: () => openMemoryStore(database), dispose: () => undefined };
});

describe('memory', () => {
  test('stores share nothing unless a database is given', () => {
    const [a, b] = [openMemoryStore(), openMemoryStore()];
    a.acquire();
    a.commit([start('a')]);
    expect(b.readRun('a')).toBeNull();
  });
});
