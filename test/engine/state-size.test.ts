import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StateSize } from '../../src/engine/drive/state-size.ts';
import { agent, flow } from '../support/flow.ts';
import { createTestEngine } from '../support/test-engine.ts';

const json = fc.dictionary(fc.constantFrom('a', 'b', 'list', 'of "quotes"'), fc.jsonValue({ maxDepth: 3 }));

/** The size that is found by way of these states, from what the last error says of one that is larger. */
function sizeAfter(states: readonly Readonly<Record<string, unknown>>[]): number {
  const size = new StateSize(100_000);
  let before = states[0] ?? {};
  for (const state of states) {
    size.check(before, state);
    before = state;
  }
  try {
    size.check(before, { ...before, filler: 'x'.repeat(100_000) });
  } catch (error) {
    const isEmpty = Object.keys(before).length === 0;
    const total = Number(/would be (\d+) characters/.exec((error as Error).message)?.[1]);
    return total - ',"filler":""'.length - 100_000 + (isEmpty ? 1 : 0);
  }
  throw new Error('nothing was thrown');
}

test('a size that is kept up with the changes is that of the JSON text', () => {
  fc.assert(
    fc.property(fc.array(json, { minLength: 1, maxLength: 6 }), (states) => {
      expect(sizeAfter(states)).toBe(JSON.stringify(states.at(-1)).length);
    }),
  );
});

test('lists that share their entries are not measured anew', () => {
  const size = new StateSize(10_000_000);
  const big = Array.from({ length: 1_000 }, (_, n) => ({
    toJSON: () => {
      measured += 1;
      return n;
    },
  }));
  let measured = 0;
  let state = { list: big as readonly unknown[] };
  size.check({}, state);
  const once = measured;
  for (let n = 0; n < 50; n++) {
    const next = { list: [...state.list, n] };
    size.check(state, next);
    state = next;
  }
  expect(measured).toBe(once);
});

describe('a state that grows too large', () => {
  const limits = { maxStateBytes: 2_000 };
  const growing = flow({
    state: { log: [] },
    steps: [
      {
        id: 'rounds',
        type: 'loop',
        while: '{{loop.index}} < 10',
        steps: [agent('a', { assign: { log: { append: '{{steps.a.output}}' } } })],
      },
    ],
    onFailure: [agent('tell')],
  });

  test('fails the run, naming the key and the limit; what it had is still there', async () => {
    await using lab = await createTestEngine({ limits, mocks: { a: 'x'.repeat(500) } });
    await lab.engine.start(growing, {}, { runId: 'run' });
    expect(await lab.drive('run')).toMatchObject({
      status: 'failed',
      error: {
        code: 'LIMIT_EXCEEDED',
        message:
          "the state of the run would be 2021 characters of JSON, more than the limit of 2000 (option limits.maxStateBytes): 'log' takes 2013 of them; keep what is large in the outputs of steps",
      },
    });
    expect(lab.mocks.counts).toMatchObject({ a: 4, tell: 1 });
  });

  test('by an edit or a signal: that is refused, and the run goes on', async () => {
    const waiting = flow({
      state: { log: '' },
      steps: [{ id: 's', type: 'signal', name: 'go', assign: { log: '{{steps.s.output}}' } }],
      output: '{{state.log}}',
    });
    await using lab = await createTestEngine({ limits });
    await lab.engine.start(waiting, {}, { runId: 'run' });
    const big = 'x'.repeat(3_000);
    await expect(lab.engine.edit('run', { state: { log: big } })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('the state of the run would be 3010 characters of JSON'),
    });
    await lab.engine.signal('run', 'go', 'small');
    expect(await lab.drive('run')).toMatchObject({ status: 'completed', output: 'small' });
  });

  test('by what rounds wrote, when it is applied to the run around them; a round counts what it writes itself', async () => {
    const rounds = flow({
      state: { given: 'y'.repeat(1_500), log: [] },
      steps: [
        {
          id: 'each',
          type: 'loop',
          items: [1, 2, 3],
          steps: [agent('a', { assign: { log: { append: '{{steps.a.output}}' } } })],
        },
      ],
    });
    await using lab = await createTestEngine({ limits, mocks: { a: 'x'.repeat(200) } });
    await lab.engine.start(rounds, {}, { runId: 'run' });
    expect(await lab.drive('run')).toMatchObject({ status: 'failed', error: { code: 'LIMIT_EXCEEDED' } });
    expect(lab.mocks.counts).toMatchObject({ a: 3 });
    expect(lab.engine.run('run/each:1/2').status()).toMatchObject({ status: 'completed' });
  });
});

describe('what conditions read of what people and programs give is bounded', () => {
  const limits = { maxKeptBytes: 100 };
  const big = { text: 'x'.repeat(200) };
  const conditional = (path: string) => ({
    id: 'c',
    type: 'conditional',
    condition: `{{${path}}} === "x"`,
    then: 'a',
    else: 'a',
  });

  test('of the input: nothing is started', async () => {
    await using lab = await createTestEngine({ limits });
    const reading = flow({ steps: [conditional('workflow.input.text'), agent('a')] });
    await expect(lab.engine.start(reading, big, { runId: 'run' })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/conditions read 2\d\d characters of the input, more than the limit of 100/),
    });
    expect(lab.engine.runs()).toEqual([]);
  });

  test('of a signal and of an answer: it is refused', async () => {
    await using lab = await createTestEngine({ limits });
    const steps = [{ id: 's', type: 'signal', name: 'go' }, conditional('steps.s.output.text'), agent('a')];
    await lab.engine.start(flow({ name: 'one', steps }), {}, { runId: 'one' });
    await expect(lab.engine.signal('one', 'go', big)).rejects.toThrow(/characters of the payload of signal 'go'/);
    await lab.engine.signal('one', 'go', { text: 'x' });
    expect(await lab.drive('one')).toMatchObject({ status: 'completed' });
    const asking = [{ id: 'h', type: 'human' }, conditional('steps.h.output.comment'), agent('a')];
    await lab.engine.start(flow({ name: 'two', steps: asking }), {}, { runId: 'two' });
    const answer = { decision: 'approve', comment: big.text };
    await expect(lab.engine.answer('two:h:1', answer)).rejects.toThrow(/characters of the answer of step 'h'/);
    await lab.engine.answer('two:h:1', { decision: 'approve', comment: 'x' });
    expect(await lab.drive('two')).toMatchObject({ status: 'completed' });
  });
});
