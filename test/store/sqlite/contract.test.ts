import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { describeStore } from '../contract.ts';
import { temporaryDirectory } from './files.ts';

describeStore('sqlite', () => {
  const directory = temporaryDirectory();
  return { open: () => openSqliteStore(directory.file(), { durability: 'normal' }), dispose: () => directory.remove() };
});
