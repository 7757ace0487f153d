import { expect, test } from 'vitest';
import { decodeEvent } from '../../src/engine/drive/codec.ts';
import { loadRun } from '../../src/engine/runs/load.ts';
import { MemoryDatabase, openMemoryStore } from '../../src/store/memory.ts';
import { agent, flow } from '../support/flow.ts';
import type { MockCall } from '../support/mocks.ts';
import { createTestEngine } from '../support/test-engine.ts';

const run = 'run';
const maxEpochEvents = 40;

/** Polls until the hundred and fiftieth answer; what came before is read after it. */
const definition = flow({
  state: { found: [] },
  steps: [
    agent('a'),
    {
      id: 'w',
      type: 'wait',
      condition: '{{steps.look.output.n}} < 150',
      pollInterval: '1s',
      poll: agent('look'),
    },
    {
      id: 'each',
      type: 'loop',
      items: ['x', 'y'],
      steps: [agent('r', { input: { prompt: '{{loop.item}} {{steps.a.output.text}}' } })],
    },
    agent('b', { input: { prompt: '{{steps.a.output.text}} {{steps.look.output.n}}' } }),
  ],
  output: '{{steps.b.output.prompt}}',
});
const mocks = {
  a: { text: 'long '.repeat(100) },
  look: ({ visit }: MockCall) => ({ n: visit, text: 'x'.repeat(100) }),
  r: (call: MockCall) => call.input,
  b: (call: MockCall) => call.input,
};

test('a run that polls on and on keeps a bounded epoch; what it had said before is still there', async () => {
  const database = new MemoryDatabase();
  const life = () =>
    createTestEngine({ mocks, workflows: [definition], store: openMemoryStore(database), limits: { maxEpochEvents } });
  const first = await life();
  await first.engine.start(definition, {}, { runId: run });
  await first.clock.advance(100_000);
  const loading = { store: first.store, catalog: { ofRun: () => definition } };
  const loaded = loadRun(loading, run);
  expect(loaded.state.seq).toBeGreaterThan(150);
  expect(loaded.replayed).toBeLessThanOrEqual(maxEpochEvents + 1);
  expect(loaded.state.seq - loaded.state.epoch).toBeLessThanOrEqual(maxEpochEvents + 1);
  expect(
    first.engine
      .steps(run)
      .map(({ id, status }) => `${id} ${status}`)
      .slice(0, 2),
  ).toEqual(['a completed', 'w running']);
  await first.engine.close();
  await using second = await life();
  expect(await second.drive(run)).toMatchObject({ status: 'completed', output: `${'long '.repeat(100)} 150` });
  expect(second.mocks.counts).toMatchObject({ r: 2, b: 1 });
  const events = (database.runs.get(run)?.events ?? []).map(decodeEvent);
  const epochs = events.flatMap(({ seq, event }) =>
    event.type === 'run.rebased' ? [[seq, event.previous ?? 1] as const] : [],
  );
  expect(epochs.length).toBeGreaterThan(5);
  expect(epochs.slice(1).map(([, previous]) => previous)).toEqual(epochs.slice(0, -1).map(([seq]) => seq));
});

test('earlier epochs count towards no limit', async () => {
  const limits = { maxEpochEvents: 20, maxEvents: 50 };
  await using lab = await createTestEngine({ mocks, workflows: [definition], limits });
  await lab.engine.start(definition, {}, { runId: run });
  const report = await lab.drive(run);
  expect('error' in report ? report.error : null).toBeNull();
});
