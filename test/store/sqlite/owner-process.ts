/**
 * A process that owns runs, started by the tests: `node owner-process.ts FILE MODE`. Tells what it does line by line.
 * `hold`: owns two runs and waits. `hold-none`: owns none and waits. `write`: commits to a run without end and tells each seq after its commit. `adopt`: adopts
 * when it is told to by a line, and tells what it got.
 */
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { append, start } from '../samples.ts';

const [file = '', mode = ''] = process.argv.slice(2);
const store = openSqliteStore(file, { durability: 'normal' });
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

store.acquire();
if (mode === 'hold') {
  store.commit([start('one', 2), start('two', 1, { status: 'paused' })]);
  say('ready');
  process.stdin.resume();
} else if (mode === 'write') {
  store.commit([start('one'), start('two')]);
  let seq = 1;
  const more = (): void => {
    seq++;
    store.commit([append('one', seq), append('two', seq)]);
    say(String(seq));
    setImmediate(more);
  };
  more();
} else if (mode === 'hold-none') {
  say('ready');
  process.stdin.resume();
} else {
  say('ready');
  process.stdin.once('data', () => say(JSON.stringify(store.adopt())));
}
