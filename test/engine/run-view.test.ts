import { describe, expect, test } from 'vitest';
import { RunView } from '../../src/engine/read/run-view.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import { after, type MockCall } from '../support/mocks.ts';
import { collect, createTestEngine } from '../support/test-engine.ts';

const definition = flow({
  name: 'seen',
  steps: [
    agent('a'),
    { id: 't', type: 'transform', transform: () => ({ made: 1 }) },
    { id: 'each', type: 'loop', items: '{{workflow.input.list}}', steps: [agent('r')] },
    agent('b'),
  ],
  output: '{{steps.t.output}}',
});

describe('a run seen from another process', () => {
  test('its events as they are committed, its steps, its report; without any of its code', async () => {
    const database = new MemoryDatabase();
    await using lab = await createTestEngine({
      store: openMemoryStore(database),
      workflows: [definition],
      mocks: { b: after(50, (call: MockCall) => call.attempt) },
    });
    await lab.engine.start(definition, { list: [1, 2] }, { runId: 'run' });
    const store = openMemoryStore(database);
    const view = new RunView(store, 'run');
    await lab.clock.settle();
    const first = view.update();
    expect(first.map(({ type }) => type).filter((type) => type.startsWith('run.'))).toEqual(['run.started']);
    expect(view.update()).toEqual([]);
    expect(view.isDriven()).toBe(true);
    expect(view.input()).toEqual({ list: [1, 2] });
    expect(view.definition).toMatchObject({ name: 'seen', hash: definition.hash });
    expect(view.steps().map(({ id, status }) => `${id} ${status}`)).toEqual([
      'a completed',
      't completed',
      'each completed',
      'b running',
    ]);
    expect(view.steps()).toEqual(lab.engine.run('run').steps());
    expect(view.report()).toEqual(lab.engine.run('run').status());
    await lab.drive('run');
    expect([...first, ...view.update()]).toEqual(await collect(lab.engine.run('run').events()));
    expect(view.report()).toMatchObject({ status: 'completed', output: { made: 1 } });
    expect(view.isDriven()).toBe(false);
  });

  test('a round sees the run around it', async () => {
    const database = new MemoryDatabase();
    await using lab = await createTestEngine({ store: openMemoryStore(database), workflows: [definition] });
    await lab.engine.start(definition, { list: [1, 2] }, { runId: 'run' });
    await lab.drive('run');
    const view = new RunView(openMemoryStore(database), 'run/each:1/1');
    expect(view.update().map(({ type }) => type)).toEqual([
      'run.started',
      'step.started',
      'step.completed',
      'run.completed',
    ]);
    expect(view.input()).toBeUndefined();
    expect(view.steps().map(({ id }) => id)).toEqual(['r']);
  });

  test('one that does not exist', () => {
    expect(() => new RunView(openMemoryStore(), 'none')).toThrow("no run 'none'");
  });
});
