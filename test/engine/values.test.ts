import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/core/errors.ts';
import type { StoredEvent } from '../../src/core/ports.ts';
import type { RunRow } from '../../src/core/run.ts';
import type { StoredValue } from '../../src/core/stored-value.ts';
import { decodeEvent, encodeEvent } from '../../src/engine/drive/codec.ts';
import { TrackingLoader, Values } from '../../src/engine/dispatch/values.ts';

/** Rows of a store, and how often each was read. */
class Rows {
  readonly read: string[] = [];
  readonly #events = new Map<string, StoredEvent>();
  readonly #runs = new Map<string, RunRow>();

  output(run: string, seq: number, output: StoredValue, metadata?: Readonly<Record<string, unknown>>): this {
    const event = {
      type: 'effect.completed',
      effect: 'a',
      visit: 1,
      attempt: 1,
      output,
      ...(metadata === undefined ? {} : { metadata }),
    } as const;
    this.#events.set(`${run}:${seq}`, encodeEvent({ seq, at: 0, event }));
    return this;
  }

  ended(id: string, output: StoredValue | null, status: RunRow['status'] = 'completed'): this {
    this.#runs.set(id, { id, status, output } as RunRow);
    return this;
  }

  readEvent(run: string, seq: number): StoredEvent | null {
    this.read.push(`${run}:${seq}`);
    return this.#events.get(`${run}:${seq}`) ?? null;
  }

  readRun(id: string): RunRow | null {
    this.read.push(id);
    return this.#runs.get(id) ?? null;
  }
}

describe('values', () => {
  test('are read once, frozen, and kept', () => {
    const rows = new Rows().output('r', 2, { v: { deep: [1] } });
    const values = new Values(rows);
    const value = values.loadOutput({ seq: 2 }, 'r') as { readonly deep: number[] };
    expect(value).toEqual({ deep: [1] });
    expect(values.loadOutput({ seq: 2 }, 'r')).toBe(value);
    expect(values.loadOutput({ seq: 2, run: 'r' }, 'other')).toBe(value);
    expect(() => value.deep.push(2)).toThrow(TypeError);
    expect(rows.read).toEqual(['r:2']);
  });

  test('of one run are not those of another; the metadata is not the output', () => {
    const rows = new Rows().output('r', 2, { v: 'of r' }, { of: 'r' }).output('s', 2, { v: 'of s' });
    const values = new Values(rows);
    expect([values.loadOutput({ seq: 2 }, 'r'), values.loadOutput({ seq: 2 }, 's')]).toEqual(['of r', 'of s']);
    expect(values.loadOutput({ seq: 2, part: 'metadata' }, 'r')).toEqual({ of: 'r' });
    expect(values.loadOutput({ seq: 2, part: 'metadata' }, 's')).toBeUndefined();
  });

  test('that are composed are put together of what they refer to, of other runs too', () => {
    const rows = new Rows()
      .output('r', 2, { v: { x: 1 } })
      .output('s', 5, { v: [10, { y: 2 }] })
      .output('r', 3, {
        o: {
          a: { r: { seq: 2 } },
          b: { r: { run: 's', seq: 5, path: [1, 'y'] } },
          c: { a: [{ v: 7 }, { c: { run: 'child' } }] },
        },
      })
      .output('child', 4, { v: 'of the child' })
      .ended('child', { r: { seq: 4 } });
    expect(new Values(rows).loadOutput({ seq: 3 }, 'r')).toEqual({ a: { x: 1 }, b: 2, c: [7, 'of the child'] });
  });

  test('that were just recorded need not be read', () => {
    const rows = new Rows();
    const values = new Values(rows);
    values.put('r', 2, { n: 1 }, 10);
    expect(values.loadOutput({ seq: 2 }, 'r')).toEqual({ n: 1 });
    expect(rows.read).toEqual([]);
    values.forget('r');
    expect(() => values.loadOutput({ seq: 2 }, 'r')).toThrow(InvariantError);
  });

  test('forgetting one run keeps the others, also those whose names begin so', () => {
    const values = new Values(new Rows());
    for (const run of ['r', 'r/loop:1/0', 'rr']) values.put(run, 2, { run }, 10);
    values.forget('r');
    expect(() => values.loadOutput({ seq: 2 }, 'r')).toThrow();
    expect(values.loadOutput({ seq: 2 }, 'r/loop:1/0')).toEqual({ run: 'r/loop:1/0' });
    expect(values.loadOutput({ seq: 2 }, 'rr')).toEqual({ run: 'rr' });
  });

  test('the least recently used make room', () => {
    const rows = new Rows()
      .output('r', 1, { v: 'a'.repeat(200) })
      .output('r', 2, { v: 'b'.repeat(200) })
      .output('r', 3, { v: 'c'.repeat(200) });
    const values = new Values(rows, 1_200);
    const load = (seq: number): unknown => values.loadOutput({ seq }, 'r');
    for (const seq of [1, 2, 3, 1, 4]) if (seq < 4) load(seq);
    rows.output('r', 4, { v: 'd'.repeat(200) }).output('r', 5, { v: 'e'.repeat(200) });
    load(4);
    load(5);
    rows.read.length = 0;
    load(1);
    load(2);
    expect(rows.read).toEqual(['r:2']);
  });

  test('a single one that is too large is not kept; a tree of references counts with what it stands for', () => {
    const rows = new Rows()
      .output('r', 1, { v: 'a'.repeat(500) })
      .output('r', 2, { v: 'b'.repeat(100) })
      .output('r', 3, { a: Array.from({ length: 5 }, () => ({ r: { seq: 2 } })) });
    const values = new Values(rows, 1_200);
    for (const seq of [1, 3]) {
      values.loadOutput({ seq }, 'r');
      rows.read.length = 0;
      values.loadOutput({ seq }, 'r');
      expect(rows.read).toContain(`r:${seq}`);
    }
  });

  test('putting one again counts it once', () => {
    const values = new Values(new Rows(), 1_000);
    values.put('r', 1, { n: 'first' }, 200);
    for (let n = 0; n < 20; n++) values.put('r', 2, { n }, 200);
    expect(values.loadOutput({ seq: 1 }, 'r')).toEqual({ n: 'first' });
    expect(values.loadOutput({ seq: 2 }, 'r')).toEqual({ n: 19 });
  });

  test('what refers to nothing is a bug, not a failure of whoever asks', () => {
    const rows = new Rows().ended('gone', null, 'running');
    const values = new Values(rows);
    expect(() => values.loadOutput({ seq: 9 }, 'r')).toThrow("run 'r' has no event 9");
    expect(() => values.loadRunOutput('gone')).toThrow("run 'gone' has no output: it is running");
    expect(() => values.loadRunOutput('never')).toThrow('it does not exist');
  });
});

describe('a tracking loader', () => {
  test('knows where what it loaded is stored, as its run refers to it', () => {
    const rows = new Rows()
      .output('r', 2, { v: { own: 1 } })
      .output('s', 3, { v: { other: 1 } })
      .output('c', 4, { v: { of: 'c' } })
      .ended('c', { r: { seq: 4 } });
    const loader = new TrackingLoader(new Values(rows), 'r');
    const [own, other, child] = [
      loader.loadOutput({ seq: 2 }, 'r'),
      loader.loadOutput({ run: 's', seq: 3 }, 'r'),
      loader.loadRunOutput('c'),
    ];
    expect(loader.known.get(own)).toEqual({ r: { seq: 2 } });
    expect(loader.known.get(other)).toEqual({ r: { run: 's', seq: 3 } });
    expect(loader.known.get(child)).toEqual({ c: { run: 'c' } });
    expect(loader.problem).toBeNull();
  });

  test('tells what could not be loaded from what the asker did wrong', () => {
    const loader = new TrackingLoader(new Values(new Rows()), 'r');
    expect(() => loader.loadOutput({ seq: 2 }, 'r')).toThrow();
    expect(() => loader.loadRunOutput('c')).toThrow();
    expect(loader.problem?.message).toBe("run 'r' has no event 2, which a value refers to");
  });
});

describe('the codec', () => {
  test('gives back what it was given, in the same order', () => {
    const recorded = {
      seq: 3,
      at: 5,
      event: { type: 'effect.completed', effect: 'a', visit: 1, attempt: 2, output: { v: { type: 'mine' } } },
    } as const;
    const stored = encodeEvent(recorded);
    expect(stored).toEqual({
      seq: 3,
      at: 5,
      type: 'effect.completed',
      data: '{"effect":"a","visit":1,"attempt":2,"output":{"v":{"type":"mine"}}}',
    });
    expect(JSON.stringify(decodeEvent(stored))).toBe(JSON.stringify(recorded));
  });

  test('the type is the column, whatever the data say', () => {
    expect(
      decodeEvent({ seq: 1, at: 0, type: 'run.cancelled', data: '{"type":"run.started","by":"x"}' }).event,
    ).toEqual({ type: 'run.cancelled', by: 'x' });
  });

  test.each(['null', '7', '"text"'])('data that are none: %s', (data) => {
    expect(() => decodeEvent({ seq: 1, at: 0, type: 'run.cancelled', data })).toThrow(InvariantError);
  });
});
