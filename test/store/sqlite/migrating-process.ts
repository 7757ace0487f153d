/**
 * A process that dies in the middle of a migration: `node migrating-process.ts FILE COUNT` runs the migrations of the
 * product and one more, and kills itself after so many statements.
 */
import { Connection } from '../../../src/store/sqlite/connection.ts';
import { migrate } from '../../../src/store/sqlite/migrate.ts';
import type { Migration } from '../../../src/store/sqlite/migrations/migration.ts';
import { migrations } from '../../../src/store/sqlite/schema.ts';

const [file = '', count = ''] = process.argv.slice(2);
let left = Number(count);

const oneMore: Migration = {
  tables: ['boxes'],
  steps: ['alter table runs add column note text', `update runs set note = 'new'`, 'create table boxes (id integer)'],
};

const mortal = [...migrations, oneMore].map(({ tables, steps }): Migration => ({
  tables,
  steps: steps.flatMap((step) => [
    step,
    () => {
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    },
  ]),
}));

const connection = new Connection(file, 'readWrite');
connection.useLog();
migrate(connection, mortal);
connection.close();
