/** What people see of a run whose work was undone. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { logs } from '../../../src/cli/commands/logs.ts';
import { run } from '../../../src/cli/commands/run.ts';
import { runs } from '../../../src/cli/commands/runs.ts';
import { status } from '../../../src/cli/commands/status.ts';
import { createFakeIo } from '../fake-io.ts';

const missing = '{{workflow.input.nothing}} is not there';

/** A run that did three things, one of which cannot be undone. */
async function failedRun(): Promise<{ readonly dir: string; readonly told: string; readonly code: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'saga-cli-'));
  const did = (id: string, template: string): object => ({
    id,
    type: 'transform',
    template: id,
    compensate: { type: 'transform', template },
  });
  const steps = [did('flight', 'gone'), did('hotel', missing), { id: 'card', type: 'transform', template: missing }];
  writeFileSync(join(dir, 'workflows.json'), JSON.stringify({ workflows: [{ id: 'trip', steps }] }));
  const io = createFakeIo(dir);
  const code = await run(io, 'trip', [], { runId: 't' });
  return { dir, told: io.stderrText(), code };
}

test('run, status, logs and runs say what was undone and what is left', async () => {
  const { dir, told, code } = await failedRun();
  expect(code).toBe(1);
  expect(told).toContain('not all that it did was undone; left: hotel:1');

  const tree = createFakeIo(dir);
  await status(tree, 't', {});
  expect(tree.stdoutText()).toMatch(/flight +transform +\S+ +compensated\n.*flight-compensate/);
  expect(tree.stdoutText()).toMatch(/hotel +transform +\S+ +not compensated\n.*hotel-compensate/);
  expect(tree.stdoutText()).toContain('undone  not all that it did was undone; left: hotel:1');

  const lines = createFakeIo(dir);
  await logs(lines, 't', {});
  const order = [
    'run compensating: undoing 2 steps',
    'hotel  compensating',
    'flight  compensated',
    'run not fully compensated: hotel:1',
    'run failed',
  ];
  const places = order.map((text) => lines.stdoutText().indexOf(text));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places[0]).toBeGreaterThan(0);

  const list = createFakeIo(dir);
  await runs(list, {});
  expect(list.stdoutText()).toMatch(/failed, compensation incomplete .* TEMPLATE_FAILED at card: /);
  const json = createFakeIo(dir);
  await runs(json, { status: ['failed'], json: true });
  expect(JSON.parse(json.stdoutText())).toMatchObject([
    {
      compensation: 'incomplete',
      error: { code: 'TEMPLATE_FAILED', details: { step: 'card', notCompensated: ['hotel:1'] } },
    },
  ]);
});
