/** Clocks that are not right (FLT-CK), and dates that few expect: waits are as long as they should be, and histories in order. */
import { expect, test } from 'vitest';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import { agent, flow } from '../support/flow.ts';
import { after, hangs, replies } from '../support/mocks.ts';
import { createTestEngine } from '../support/test-engine.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const second = 1_000;

test('FLT-CK-03: a clock that steps back 50 ms every second makes no wait longer by more than that, and none shorter', async () => {
  const clock = new VirtualClock();
  const started = clock.now();
  await using lab = await createTestEngine({ clock, mocks: { a: replies(hangs(), 'a'), b: after(10, 'b') } });
  const steps = [
    agent('a', { timeout: 20 * second, retry: { maxAttempts: 2, delay: 5 * second } }),
    { id: 'w', type: 'wait', duration: 30 * second },
    agent('b'),
  ];
  const run = await lab.engine.start(flow({ steps }), {}, { runId: 'run' });
  let elapsedMs = 0;
  while (run.status().status === 'running' && elapsedMs < 120 * second) {
    await clock.advance(second);
    elapsedMs += second;
    clock.jump(-50);
  }
  expect(run.status()).toMatchObject({ status: 'completed', output: 'b' });
  // Of time as it passes: 55 s are what is waited for.
  expect(elapsedMs).toBeGreaterThanOrEqual(55 * second);
  expect(elapsedMs).toBeLessThanOrEqual(59 * second);
  const events = lab.store.readEvents('run', 1).map(decodeEvent);
  const times = events.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(times[0]).toBeGreaterThanOrEqual(started);
  // What timers measure is not less than what they were set for (I8).
  const at = (seq: number): number => events[seq - 1]?.at ?? 0;
  const fired = events.flatMap(({ at: firedAt, event }) =>
    event.type === 'timer.fired' ? [firedAt - at(event.setBy)] : [],
  );
  expect(fired).toHaveLength(3);
  for (const [index, wait] of [20 * second, 5 * second, 30 * second].entries())
    expect(fired[index]).toBeGreaterThanOrEqual(wait);
});

test.each([
  ['29 February', '2028-02-28T23:59:59.000Z', '2028-02-29T12:00:00.000Z'],
  ['the end of 32-bit seconds', '2038-01-19T03:14:06.000Z', '2038-01-19T03:14:08.000Z'],
  ['midnight of the new year', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z'],
])('FLT-CK-06: a wait over %s ends to the millisecond', async (_what, from, until) => {
  const clock = new VirtualClock(Date.parse(from));
  await using lab = await createTestEngine({ clock });
  const run = await lab.engine.start(flow({ steps: [{ id: 'w', type: 'wait', until }, agent('b')] }), {}, {});
  await clock.advance(Date.parse(until) - Date.parse(from) - 1);
  expect(run.status().status).toBe('running');
  await clock.advance(1);
  expect(run.status()).toMatchObject({ status: 'completed', output: 'b' });
});
