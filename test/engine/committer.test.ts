import { describe, expect, test } from 'vitest';
import { WorkflowError } from '../../src/core/errors.ts';
import type { Commit } from '../../src/core/ports.ts';
import { Committer } from '../../src/engine/drive/committer.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function commitOf(run: string, seq = 1): Commit {
  return { run, events: [{ seq, at: 0, type: 'run.cancelled', data: '{}' }] };
}

/** A committer whose turns end when the test says so, over a store that fails as the test says. */
function setUp(options: { readonly maxBatch?: number } = {}) {
  const clock = new VirtualClock();
  const log: string[] = [];
  const deferred: (() => void)[] = [];
  const failures: Error[] = [];
  const committer = new Committer({
    store: {
      commit: (batch) => {
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        log.push(`wrote ${batch.map(({ run, events }) => `${run}:${events[0]?.seq ?? 0}`).join(' ')}`);
      },
    },
    clock,
    onStall: (error) => log.push(error === null ? 'goes on' : `stalls: ${error.message}`),
    onRefused: (run, error) => log.push(`refused ${run}: ${error.message}`),
    onFailure: (error) => log.push(`failed: ${String(error)}`),
    onError: (run, error) => log.push(`error of ${run}: ${String(error)}`),
    defer: (flush) => deferred.push(flush),
    ...options,
  });
  const add = (run: string, seq = 1): void => committer.add(commitOf(run, seq), () => log.push(`told ${run}:${seq}`));
  const turn = (): void => {
    for (const flush of deferred.splice(0)) flush();
  };
  return { clock, log, failures, committer, add, turn };
}

const full = new WorkflowError('STORE_UNAVAILABLE', 'no room');
const refused = (run: string): WorkflowError => new WorkflowError('CONFLICT', 'not yours', { details: { run } });

describe('a turn', () => {
  test('is one batch, told of in order after it was written', () => {
    const { add, turn, log } = setUp();
    add('a');
    add('b');
    add('a', 2);
    expect(log).toEqual([]);
    turn();
    expect(log).toEqual(['wrote a:1 b:1 a:2', 'told a:1', 'told b:1', 'told a:2']);
  });

  test('what is added while others are told belongs to the next one', () => {
    const { committer, turn, log, add } = setUp();
    committer.add(commitOf('a'), () => {
      add('a', 2);
      committer.flush();
    });
    add('b');
    turn();
    expect(log).toEqual(['wrote a:1 b:1', 'told b:1']);
    turn();
    expect(log.slice(2)).toEqual(['wrote a:2', 'told a:2']);
  });

  test('more than a batch takes goes on in the next turn', () => {
    const { add, turn, log, committer } = setUp({ maxBatch: 2 });
    for (const run of ['a', 'b', 'c', 'd', 'e']) add(run);
    turn();
    expect(log).toEqual(['wrote a:1 b:1', 'told a:1', 'told b:1']);
    expect(committer.size).toBe(3);
    turn();
    turn();
    expect(log.slice(3)).toEqual(['wrote c:1 d:1', 'told c:1', 'told d:1', 'wrote e:1', 'told e:1']);
  });

  test('flush writes all of it at once', () => {
    const { add, committer, log, turn } = setUp({ maxBatch: 2 });
    for (const run of ['a', 'b', 'c']) add(run);
    committer.flush();
    expect(log.filter((line) => line.startsWith('wrote'))).toEqual(['wrote a:1 b:1', 'wrote c:1']);
    turn();
    expect(committer.size).toBe(0);
  });

  test('one who throws when told keeps nobody else from being told', () => {
    const { committer, add, turn, log } = setUp();
    committer.add(commitOf('a'), () => {
      throw new Error('oh');
    });
    add('b');
    turn();
    expect(log).toEqual(['wrote a:1 b:1', 'error of a: Error: oh', 'told b:1']);
  });
});

describe('a store that takes nothing now', () => {
  test('is asked again after 2, 4, 8, ... at most 500 ms; nothing overtakes what waits', async () => {
    const { clock, add, turn, log, failures, committer } = setUp();
    for (let n = 0; n < 12; n++) failures.push(full);
    add('a');
    turn();
    expect(log).toEqual(['stalls: no room']);
    add('b');
    const drained = committer.drained();
    turn();
    expect(committer.size).toBe(2);
    const asked: number[] = [];
    for (let left = failures.length; left > 0; left = failures.length) {
      await clock.advance((clock.nextAt ?? 0) - clock.now());
      asked.push(clock.elapsedMs);
      if (failures.length === 0) break;
    }
    expect(asked.map((at, index) => at - (asked[index - 1] ?? 0))).toEqual([
      2, 4, 8, 16, 32, 64, 128, 256, 500, 500, 500,
    ]);
    await clock.advance(500);
    expect(log.slice(1)).toEqual(['wrote a:1 b:1', 'goes on', 'told a:1', 'told b:1']);
    await drained;
    failures.push(full);
    add('c');
    turn();
    await clock.advance(2);
    expect(log.slice(5)).toEqual(['stalls: no room', 'wrote c:1', 'goes on', 'told c:1']);
  });
});

describe('a store to which another process is writing', () => {
  const busy = new WorkflowError('STORE_BUSY', 'busy');

  test('for a moment: it is asked again, and nobody is told', async () => {
    const { clock, add, turn, log, failures } = setUp();
    failures.push(busy, busy, busy);
    add('a');
    turn();
    await clock.advance(20);
    expect(log).toEqual(['wrote a:1', 'told a:1']);
    // What came before does not count.
    await clock.advance(5_000);
    failures.push(busy);
    add('b');
    turn();
    await clock.advance(20);
    expect(log.slice(2)).toEqual(['wrote b:1', 'told b:1']);
  });

  test('for longer than a second: that is told, once', async () => {
    const { clock, add, turn, log, failures } = setUp();
    for (let n = 0; n < 14; n++) failures.push(busy);
    add('a');
    turn();
    await clock.advance(900);
    expect(log).toEqual([]);
    await clock.advance(10_000);
    expect(log).toEqual(['stalls: busy', 'wrote a:1', 'goes on', 'told a:1']);
  });
});

describe('a run whose commits are refused', () => {
  test('loses its place; the others are written', () => {
    const { add, turn, log, failures } = setUp();
    add('a');
    add('b');
    add('a', 2);
    failures.push(refused('a'));
    turn();
    turn();
    expect(log).toEqual(['refused a: not yours', 'wrote b:1', 'told b:1']);
    add('a', 3);
    turn();
    expect(log.at(-1)).toBe('told a:3');
  });

  test('a conflict about a run that has nothing in line, or about none, concerns all', () => {
    for (const error of [refused('z'), new WorkflowError('CONFLICT', 'taken for dead')]) {
      const { add, turn, log, failures } = setUp();
      add('a');
      failures.push(error);
      turn();
      expect(log).toEqual([`failed: WorkflowError: ${error.message}`]);
    }
  });
});

describe('a failure that no other try can mend', () => {
  test('is told once; nothing is written any more, and nobody waits for it', async () => {
    const { add, turn, log, failures, committer } = setUp();
    failures.push(new WorkflowError('STORE_INVALID', 'damaged'));
    add('a');
    const drained = committer.drained();
    turn();
    add('b');
    turn();
    committer.flush();
    await drained;
    await committer.drained();
    expect(log).toEqual(['failed: WorkflowError: damaged']);
  });
});

test('without work it is drained', async () => {
  const { committer } = setUp();
  await committer.drained();
  committer.flush();
  expect(committer.size).toBe(0);
});
