import { describe, expect, test } from 'vitest';
import { createOutline } from '../../../src/cli/view/outline.ts';
import { RunModel } from '../../../src/cli/view/run-model.ts';
import { createStyle } from '../../../src/cli/view/style.ts';
import { widthOf } from '../../../src/cli/view/text.ts';
import { renderTree, type TreeOptions } from '../../../src/cli/view/tree.ts';
import { parseDefinition } from '../../../src/definition/index.ts';
import type { RunEvent } from '../../../src/engine/read/run-events.ts';
import { at, definition, failure, step } from './events.ts';

const options: TreeOptions = {
  style: createStyle(false, true),
  now: at(10_000),
  columns: 120,
  rows: null,
  frame: 0,
  title: { name: 'flow', detail: 'run r' },
};

function modelAfter(events: readonly RunEvent[], of = definition): RunModel {
  const model = new RunModel(createOutline(of));
  model.apply({ type: 'run.started', runId: 'r', seq: 1, at: at(0) });
  for (const event of events) model.apply(event);
  return model;
}

describe('the tree of a run', () => {
  test('shows every step with how it stands', () => {
    const model = modelAfter([
      step('started', 'fetch', { attempt: 1 }),
      step('retrying', 'fetch', { attempt: 1, error: failure, delayMs: 5_000 }, 7_000),
      step('started', 'both'),
      step('started', 'left', { attempt: 1 }, 9_000),
      step('completed', 'right', { output: 'x' }, 9_500),
      step('skipped', 'rounds', { why: 'condition' }),
      step('started', 'each', {}, 8_000),
    ]);
    model.setRounds('each', { ended: 12, running: 3 });
    expect(renderTree(model, options)).toEqual([
      'flow  run r  10s',
      '├ ↻ fetch     agent 550e8400  attempt 1 of 3 failed, again in 2.0s  it answered 500',
      '├ ⠋ both      parallel  10s',
      '│ ├ ⠋ left    http POST  1.0s',
      '│ └ ✔ right   transform',
      '├ ↷ rounds    loop  skipped (condition)',
      '│ ├ ○ draft   transform',
      '│ └ ○ review  transform',
      '├ ⠋ each      loop  2.0s  12 rounds done, 3 running',
      '└ ○ ask       wait',
    ]);
  });

  test('shows what is not planned once it happens, and how steps ended', () => {
    const model = modelAfter([
      step('started', 'fetch', {}, 0),
      step('failed', 'fetch', { attempt: 3, error: failure }, 900),
      step('started', 'fetch-recovery', {}, 900),
      step('started', 'draft', { visit: 3, attempt: 2 }, 1_000),
      step('cancelled', 'each', {}, 1_000),
      step('started', 'ask', {}, 9_000),
      { type: 'task.opened', step: 'ask', visit: 1, attempt: 1, runId: 'r', seq: 9, at: at(9_000) },
      step('started', 'clean-up', {}, 1_000),
      step('completed', 'clean-up', { attempt: 2, branch: 'else', output: 1 }, 2_000),
      { type: 'run.failed', error: failure, runId: 'r', seq: 10, at: at(2_000) },
    ]);
    const lines = renderTree(model, { ...options, frame: 11 });
    expect(lines).toEqual(
      expect.arrayContaining([
        'flow  run r  2.0s',
        '├ ✖ fetch             agent 550e8400  900ms  3 attempts  it answered 500',
        '│ └ ⠙ fetch-recovery  transform  9.1s',
        '│ ├ ⠙ draft           transform  9.0s  attempt 2  visit 3',
        '├ ⊘ each              loop  cancelled',
        '├ ⠙ ask               wait  1.0s  waits for a person',
        '└ ✔ clean-up          wait  1.0s  2 attempts  else',
      ]),
    );
  });

  test('shows the end of a streamed answer, without what would steer the terminal', () => {
    const chunk: RunEvent = {
      type: 'step.chunk',
      runId: 'r',
      step: 'left',
      visit: 1,
      attempt: 1,
      text: `one\ntwo \u001b[2J${'x'.repeat(200)} end`,
    };
    const lines = renderTree(modelAfter([step('started', 'left'), chunk]), { ...options, columns: 30 });
    expect(lines[4]).toBe('│ │   …xxxxxxxxxxxxxxxxxx end');
    expect(lines.every((line) => widthOf(line) < 30)).toBe(true);
  });

  test.each([10, 20, 40, 79])('fits %i columns, whatever is shown', (columns) => {
    const error = { ...failure, message: '日本語のエラー'.repeat(30) };
    const model = modelAfter([step('failed', 'fetch', { error }), step('retrying', 'left', { error, delayMs: 1 })]);
    for (const line of renderTree(model, { ...options, columns })) expect(widthOf(line)).toBeLessThan(columns);
  });
});

describe('a tree that is higher than the terminal', () => {
  const many = parseDefinition({
    id: 'many',
    steps: Array.from({ length: 100 }, (_, index) => ({ id: `s${index}`, type: 'wait', duration: 1 })),
  });
  const large = many.definition ?? definition;
  const doneUpTo = (count: number): RunEvent[] =>
    Array.from({ length: count }, (_, index) => step('completed', `s${index}`, { output: 1 }));

  test.each([
    ['at its beginning', [step('started', 's0')], '⠋ s0'],
    ['in its middle', [...doneUpTo(50), step('started', 's50')], '⠋ s50'],
    ['at its end', [...doneUpTo(99), step('started', 's99')], '⠋ s99'],
    ['when nothing is going on', doneUpTo(70), '✔ s69'],
  ])('shows what is going on: %s', (_, events, expected) => {
    for (const rows of [3, 5, 24, 60]) {
      const lines = renderTree(modelAfter(events, large), { ...options, rows });
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(lines.join('\n')).toContain(expected);
    }
  });

  test('counts what is out of sight', () => {
    const lines = renderTree(modelAfter([...doneUpTo(50), step('started', 's50')], large), { ...options, rows: 12 });
    expect(lines).toHaveLength(12);
    expect(lines[1]).toBe('… above: 47 completed');
    expect(lines.at(-1)).toBe('… below: 44 pending');
  });
});
