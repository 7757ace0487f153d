import { describe, expect, test } from 'vitest';
import { createOutline } from '../../../src/cli/view/outline.ts';
import { RunModel } from '../../../src/cli/view/run-model.ts';
import { describeEvent } from '../../../src/cli/view/describe-event.ts';
import { createStyle } from '../../../src/cli/view/style.ts';
import { parseDefinition } from '../../../src/definition/index.ts';
import type { RunEvent } from '../../../src/engine/read/run-events.ts';
import { at, definition, failure, step } from './events.ts';

describe('the outline of a definition', () => {
  const { nodes, roots } = createOutline(definition, (id) =>
    id === '550e8400-e29b-41d4-a716-446655440000' ? 'researcher' : id,
  );

  test('holds what stands in what', () => {
    expect(roots).toEqual(['fetch', 'both', 'rounds', 'each', 'ask', 'clean-up']);
    expect(nodes.get('both')?.children).toEqual(['left', 'right']);
    expect(nodes.get('left')).toMatchObject({ parent: 'both', sequence: null });
    expect(nodes.get('draft')).toMatchObject({ parent: 'rounds', sequence: ['draft', 'review'], place: 0 });
  });

  test('leaves the body of an items loop out: its rounds are runs of their own', () => {
    expect(nodes.get('each')).toMatchObject({ isItemsLoop: true, children: [] });
    expect(nodes.has('one')).toBe(false);
  });

  test('knows what is not part of the planned way', () => {
    expect([...nodes.values()].filter(({ isExtra }) => isExtra).map(({ id }) => id)).toEqual([
      'fetch-recovery',
      'ask-poll',
      'clean-up',
    ]);
  });

  test('says what a step does, and with whom', () => {
    expect([...nodes.values()].map(({ id, label }) => `${id}: ${label}`)).toEqual(
      expect.arrayContaining(['fetch: agent researcher', 'left: http POST', 'both: parallel', 'ask: wait']),
    );
    expect(createOutline(definition).nodes.get('fetch')?.label).toBe('agent 550e8400');
  });

  test('of ten thousand steps is made at once', () => {
    const steps = Array.from({ length: 1_000 }, (_, index) => ({ id: `s${index}`, type: 'wait', duration: 1 }));
    const { definition: large } = parseDefinition({ id: 'large', steps });
    expect(large === undefined ? 0 : createOutline(large).nodes.size).toBe(1_000);
  });
});

describe('the model of a run', () => {
  const fresh = (): RunModel => new RunModel(createOutline(definition));
  const after = (...events: readonly RunEvent[]): RunModel => {
    const model = fresh();
    for (const event of events) model.apply(event);
    return model;
  };

  test('follows a step through its attempts', () => {
    const model = fresh();
    model.apply(step('started', 'fetch', { attempt: 1 }, 10));
    expect(model.step('fetch')).toMatchObject({ status: 'running', attempt: 1, startedAt: at(10) });
    model.apply(step('retrying', 'fetch', { attempt: 1, error: failure, delayMs: 500 }, 20));
    expect(model.step('fetch')).toMatchObject({ status: 'backoff', retryAt: at(520), error: failure });
    model.apply(step('started', 'fetch', { attempt: 2 }, 520));
    expect(model.step('fetch')).toMatchObject({ status: 'running', attempt: 2, startedAt: at(10), retryAt: null });
    model.apply(step('completed', 'fetch', { attempt: 2, output: 'x', branch: 'then' }, 600));
    expect(model.step('fetch')).toMatchObject({ status: 'completed', endedAt: at(600), error: null, branch: 'then' });
  });

  test('keeps the end of a streamed answer, of the attempt under way only', () => {
    const chunk = (text: string, attempt = 1): RunEvent => ({
      type: 'step.chunk',
      runId: 'r',
      step: 'fetch',
      visit: 1,
      attempt,
      text,
    });
    const model = after(step('started', 'fetch', { attempt: 1 }), chunk('Hello '), chunk('late', 2), chunk('World'));
    expect(model.step('fetch').tail).toBe('Hello World');
    for (let index = 0; index < 100; index += 1) model.apply(chunk('0123456789'));
    expect(model.step('fetch').tail).toHaveLength(400);
    model.apply(step('failed', 'fetch', { attempt: 1, error: failure }));
    expect(model.step('fetch')).toMatchObject({ tail: '', status: 'failed', error: failure });
  });

  test('begins anew what a jump back or another round runs through again', () => {
    const model = after(
      step('started', 'rounds'),
      step('started', 'draft'),
      step('completed', 'draft', { output: 1 }),
      step('started', 'review'),
      step('completed', 'review', { output: 1 }),
      step('started', 'draft', { visit: 2 }),
    );
    expect(model.step('draft')).toMatchObject({ status: 'running', visit: 2 });
    expect(model.step('review')).toMatchObject({ status: 'pending', visit: 1, endedAt: null });
    expect(model.step('rounds').status).toBe('running');
    model.apply(step('started', 'fetch', { visit: 1 }));
    model.apply(step('started', 'fetch', { visit: 2 }));
    expect(['rounds', 'draft', 'review'].map((id) => model.step(id).status)).toEqual(['pending', 'pending', 'pending']);
  });

  test('knows how the run stands', () => {
    const model = after({ type: 'run.started', runId: 'r', seq: 1, at: at(0) });
    expect(model).toMatchObject({ status: 'running', startedAt: at(0) });
    model.apply({ type: 'run.paused', runId: 'r', seq: 2, at: at(1) });
    expect(model.status).toBe('paused');
    model.apply({ type: 'run.resumed', runId: 'r', seq: 3, at: at(2) });
    expect(model.status).toBe('running');
    model.apply({ type: 'task.opened', step: 'ask', visit: 1, attempt: 1, runId: 'r', seq: 4, at: at(3) });
    expect(model.step('ask').isTask).toBe(true);
    model.apply({ type: 'run.failed', error: failure, runId: 'r', seq: 5, at: at(4) });
    expect(model).toMatchObject({ status: 'failed', endedAt: at(4), error: failure });
  });
});

describe('an event in words', () => {
  const style = createStyle(false, true);
  const tell = (...events: readonly RunEvent[]): readonly string[] => {
    const model = new RunModel(createOutline(definition));
    return events.flatMap((event) => {
      model.apply(event);
      return event.type === 'step.chunk' ? [] : [describeEvent(event, model, { style, outputColumns: 20 })];
    });
  };
  const run = { runId: 'r', seq: 1 };

  test('tells steps with their attempts, times and outputs', () => {
    expect(
      tell(
        step('started', 'fetch', { attempt: 1 }),
        step('retrying', 'fetch', { attempt: 1, error: failure, delayMs: 1_500 }, 100),
        step('started', 'fetch', { attempt: 2 }, 1_600),
        step('completed', 'fetch', { attempt: 2, output: { text: 'a long answer of an agent' } }, 2_600),
        step('skipped', 'both', { why: 'not chosen' }),
        step('started', 'rounds', { visit: 2 }),
        step('cancelled', 'rounds', { visit: 2 }, 50),
        step('started', 'draft', {}, 50),
        step('failed', 'draft', { error: failure }, 60),
      ),
    ).toEqual([
      'fetch  started  agent 550e8400',
      'fetch  attempt 1 failed: it answered 500 (AGENT_ERROR); again in 1.5s',
      'fetch  attempt 2 started',
      'fetch  completed in 2.6s, 2 attempts  {"text":"a long ans…',
      'both  skipped (not chosen)',
      'rounds  started  loop, visit 2',
      'rounds  cancelled in 50ms',
      'draft  started  transform',
      'draft  failed in 10ms: it answered 500 (AGENT_ERROR)',
    ]);
  });

  test('tells runs with who and why', () => {
    expect(
      tell(
        { type: 'run.started', ...run, at: at(0) },
        { type: 'run.paused', by: 'kim', why: 'lunch\nbreak', ...run, at: at(1) },
        { type: 'run.resumed', ...run, at: at(2) },
        { type: 'task.opened', step: 'ask', visit: 1, attempt: 1, ...run, at: at(2) },
        { type: 'run.cancelled', by: 'kim', ...run, at: at(3) },
        { type: 'run.failed', error: failure, ...run, at: at(2_000) },
        { type: 'run.completed', output: null, ...run, at: at(3_000) },
      ),
    ).toEqual([
      'run started',
      'run paused by kim: lunch break',
      'run resumed',
      'ask  waits for a person',
      'run cancelled by kim',
      'run failed in 2.0s: it answered 500 (AGENT_ERROR)',
      'run completed in 3.0s  null',
    ]);
  });
});
