import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { statusOf } from '../../src/core/advance.ts';
import type { StoredEvent } from '../../src/core/ports.ts';
import { replayRun, loadRun, type Loading } from '../../src/engine/runs/load.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { compileWorkflow, machineFormat } from '../../machines/workflow.ts';
import type { RunContext } from '../../machines/context.ts';
import { definitionFromCanonical } from '../../src/definition/index.ts';
import { createTestEngine } from '../support/test-engine.ts';
import { traceOf } from '../support/trace.ts';
import { goldens, type Golden } from './definitions.ts';

const fileOf = (name: string, file: string): string =>
  new URL(`fixtures/format-${machineFormat}/${name}/${file}`, import.meta.url).pathname;

interface History {
  readonly run: string;
  readonly events: readonly StoredEvent[];
}

/** The histories of the run and its rounds. */
async function record({ definition, input, mocks = {} }: Golden): Promise<readonly History[]> {
  const store = openMemoryStore();
  await using life = await createTestEngine({ store, mocks, workflows: [definition] });
  await life.engine.start(definition, input ?? {}, { runId: 'run' });
  await life.drive('run');
  const rounds = store.listRuns({ parent: 'run', kind: ['round'] }).map(({ id }) => id);
  return ['run', ...rounds.toSorted()].map((run) => ({ run, events: store.readEvents(run, 1) }));
}

function linesOf(histories: readonly History[]): string {
  const lines = histories.flatMap(({ run, events }) =>
    events.map(({ seq, at, type, data }) => `${run} ${seq} ${at} ${type} ${data}`),
  );
  return `${lines.join('\n')}\n`;
}

describe.each(goldens)('$name', (golden) => {
  const { name, definition } = golden;

  test('the canonical form of the definition', async () => {
    const text = JSON.stringify(JSON.parse(definition.canonical), null, 2);
    await expect(`${text}\n`).toMatchFileSnapshot(fileOf(name, 'definition.json'));
  });

  test('the compiled machine', async () => {
    const { machine, bodies } = compileWorkflow(definition);
    const config = { machine: machine.config, rounds: [...bodies.values()].map((body) => body.machine.config) };
    await expect(`${JSON.stringify(config, null, 1)}\n`).toMatchFileSnapshot(fileOf(name, 'machine.json'));
  });

  test('the history of a run', async () => {
    await expect(linesOf(await record(golden))).toMatchFileSnapshot(fileOf(name, 'history.txt'));
  });

  test('FLT-UP-08: a run that was recorded replays, from its stored definition, to the same trace and the same end', async () => {
    const canonical = readFileSync(fileOf(name, 'definition.json'), 'utf8');
    const stored = definitionFromCanonical(canonical, definition);
    const events = readFileSync(fileOf(name, 'history.txt'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('run '))
      .map(
        (line) =>
          /^run (\d+) (\d+) (\S+) (.*)$/.exec(line) as unknown as readonly [
            string,
            string,
            string,
            StoredEvent['type'],
            string,
          ],
      )
      .map(([, seq, at, type, data]) => ({ seq: Number(seq), at: Number(at), type, data }));
    const row = { id: 'run', kind: 'run', format: machineFormat, hash: stored.hash } as never;
    const loading: Loading = {
      store: {
        readRun: () => row,
        readEvents: (_run, from) => events.slice(from - 1),
        readEvent: (_run, seq) => events[seq - 1] ?? null,
        readCheckpoint: () => null,
      },
      catalog: { ofRun: () => stored },
    };
    const lifecycle = [...replayRun(loading, 'run')].flatMap(({ advanced }) => advanced.lifecycle);
    const { state } = loadRun(loading, 'run');
    const { output } = (state.snapshot as { readonly context: RunContext }).context;
    const lines = [...traceOf(lifecycle), `${statusOf(state)} ${JSON.stringify(output)}`];
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(fileOf(name, 'trace.txt'));
  });
});
