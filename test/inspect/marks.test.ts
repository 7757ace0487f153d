import { describe, expect, test } from 'vitest';
import { createDrawing } from '../../src/inspect/drawing/build.ts';
import type { DrawnEvent } from '../../src/inspect/drawing/drawing.ts';
import { coverageMarks, runMarks, type Marks } from '../../src/inspect/drawing/marks.ts';
import { drawWorkflow } from '../../src/inspect/draw-workflow.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { agent, flow } from '../support/flow.ts';
import { fails, type MockCall, type MockTable } from '../support/mocks.ts';
import { collect, createTestEngine } from '../support/test-engine.ts';
import { everything } from './everything.ts';

async function marksAfter(
  workflow: WorkflowDefinition,
  mocks: MockTable,
  input: unknown = {},
): Promise<{ readonly marks: Marks; readonly taken: readonly string[]; readonly events: readonly DrawnEvent[] }> {
  await using test = await createTestEngine({ workflows: [workflow], mocks });
  const run = await test.engine.start(workflow, input, { runId: 'r' });
  const told = collect(run.events());
  const { status } = await test.drive('r');
  const events = await told;
  const drawing = createDrawing(workflow);
  const marks = runMarks(drawing, { id: 'r', status, events });
  const taken = drawing.edges.filter((edge) => marks.taken.has(edge)).map(({ from, to }) => `${from} -> ${to}`);
  return { marks, taken, events };
}

const shown = ({ nodes }: Marks): Readonly<Record<string, string>> =>
  Object.fromEntries([...nodes].map(([id, { mark, text }]) => [id, text === null ? mark : `${mark}: ${text}`]));

describe('a run', () => {
  test('marks a step that ran, and was skipped when the run came to it once more, as one that ran', async () => {
    const workflow = flow({
      state: { n: 0 },
      steps: [
        { id: 'count', type: 'transform', template: 1, assign: { n: { expr: '{{state.n}} + 1' } } },
        { id: 'extra', type: 'transform', template: 1, condition: '{{state.n}} === 1' },
        { id: 'again', type: 'conditional', condition: '{{state.n}} < 2', then: 'count' },
      ],
    });
    const { marks } = await marksAfter(workflow, {});
    expect(shown(marks)).toMatchObject({ count: 'completed: 2 visits', extra: 'completed: then skipped' });
  });

  test('marks what was completed, skipped and never reached, and the arrows it took', async () => {
    const workflow = flow({
      steps: [
        agent('a', { retry: { maxAttempts: 3, delay: 10 } }),
        { id: 'r', type: 'conditional', condition: '{{steps.a.output.n}} > 1', then: 'big', else: 'small' },
        agent('big'),
        agent('small'),
        agent('last'),
      ],
      onFailure: [agent('tell')],
    });
    const busy = (): never => {
      throw new Error('busy');
    };
    const mocks: MockTable = { a: (call: MockCall) => (call.attempt < 3 ? busy() : { n: 2 }), big: 1, last: 1 };
    const { marks, taken } = await marksAfter(workflow, mocks);
    expect(shown(marks)).toEqual({
      $start: 'completed',
      a: 'completed: 3 attempts',
      r: 'completed',
      big: 'completed',
      small: 'skipped',
      last: 'completed',
      $end: 'completed',
      $onFailure: 'untouched',
      tell: 'untouched',
    });
    expect(taken).toEqual(['$start -> a', 'a -> r', 'r -> big', 'big -> last', 'last -> $end']);
    expect(marks.summary).toBe('run r: completed');
    expect(marks.legend).toEqual(['completed', 'skipped', 'untouched']);
  });

  test('marks what failed, what followed from it, and what was undone', async () => {
    const workflow = flow({
      steps: [
        agent('a', { compensate: { type: 'agent', agentId: 'any', input: { prompt: 'undo' } } }),
        agent('b', { onError: agent('help') }),
        agent('c'),
      ],
      onFailure: [agent('tell')],
    });
    const { marks, taken } = await marksAfter(workflow, { b: fails('no'), c: fails('no') });
    expect(shown(marks)).toEqual({
      $start: 'completed',
      a: 'completed: undone',
      'a-compensate': 'completed',
      b: 'completed',
      help: 'completed',
      c: 'failed',
      $onFailure: 'untouched',
      $failure: 'failed',
      tell: 'completed',
      $failed: 'failed',
    });
    expect(taken).toEqual([
      'a -> a-compensate',
      'b -> help',
      '$start -> a',
      'a -> b',
      'help -> c',
      '$failure -> tell',
      'tell -> $failed',
    ]);
  });

  test('marks jumps back with the number of visits', async () => {
    const workflow = flow({
      steps: [agent('a'), { id: 'r', type: 'conditional', condition: '{{steps.a.output}} < 3', then: 'a' }],
    });
    const { marks, taken } = await marksAfter(workflow, { a: (call: MockCall) => call.visit });
    expect(shown(marks)).toMatchObject({ a: 'completed: 3 visits', r: 'completed: 3 visits' });
    expect(taken).toEqual(['$start -> a', 'a -> r', 'r -> a', 'r -> $end']);
  });

  test('under way marks where it is', async () => {
    const events: DrawnEvent[] = [
      { type: 'run.started' },
      { type: 'step.started', step: 'fetch', visit: 1, attempt: 1 },
      { type: 'step.retrying', step: 'fetch', visit: 1, attempt: 1 },
    ];
    const marks = runMarks(createDrawing(everything()), { status: 'running', events });
    expect(shown(marks)).toMatchObject({ fetch: 'running: 2 attempts, waits to try again', classify: 'untouched' });
    expect(marks.summary).toBe('running');
  });

  test('that was forked shows how the steps before the fork stand', () => {
    const steps = [
      { id: 'fetch', status: 'completed', visit: 1, attempt: 2 },
      { id: 'ask', status: 'pending', visit: 0, attempt: 0 },
    ] as const;
    const events: DrawnEvent[] = [{ type: 'step.started', step: 'note', visit: 1, attempt: 1 }];
    const marks = runMarks(createDrawing(everything()), { status: 'running', events, steps });
    expect(shown(marks)).toMatchObject({ fetch: 'completed: 2 attempts', ask: 'untouched', note: 'running' });
  });

  test('shows the worst of the rounds of a loop', () => {
    const round = (type: string): readonly DrawnEvent[] => [
      { type: 'step.started', step: 'look', visit: 1, attempt: 1 },
      { type, step: 'look', visit: 1, attempt: 1 },
    ];
    const drawing = createDrawing(everything());
    const marks = runMarks(drawing, {
      status: 'completed',
      events: [{ type: 'run.started' }],
      rounds: [round('step.completed'), round('step.failed'), round('step.completed')],
    });
    expect(shown(marks)).toMatchObject({ look: 'failed: 3 rounds', keep: 'untouched' });
  });
});

test('coverage marks what was seen, and counts it', () => {
  const drawing = createDrawing(flow({ steps: [agent('a'), agent('b')] }));
  const marks = coverageMarks(drawing, {
    states: { a: 2, b: 0, x: 1 },
    transitions: { '$start -> a': true, 'a -> b': 0 },
  });
  expect(shown(marks)).toEqual({ a: 'covered: 2 times', b: 'missed' });
  expect(marks.summary).toBe('1 of 2 steps and 1 of 3 arrows seen');
});

test.each(['mermaid', 'dot', 'svg'] as const)('%s shows the marks', async (format) => {
  const workflow = flow({ steps: [agent('a', { retry: { maxAttempts: 2, delay: 1 } }), agent('b')] });
  const events = [
    { type: 'step.started', step: 'a', visit: 1, attempt: 2 },
    { type: 'step.failed', step: 'a', visit: 1, attempt: 2 },
    { type: 'run.failed' },
  ];
  const text = await drawWorkflow(workflow, { format, run: { id: 'r-7', status: 'failed', events } });
  expect(text).toMatch(/run r-7: failed/);
  expect(text).toContain('2 attempts');
  if (format === 'svg') expect(text).toMatch(/not reached<\/text>/);
});
