/**
 * `npm run check`: every gate of the project in one command, the quick ones first. All of them run, whatever fails; a
 * table at the end says which failed and how long each took. `npm run check -- lint types` runs these alone.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gates, type Gate } from './gates.ts';

interface Outcome {
  readonly gate: Gate;
  readonly ok: boolean;
  readonly seconds: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const path = [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);

function commandOf(gate: Gate): string {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  const command = manifest.scripts[`check:${gate.name}`];
  if (command === undefined) throw new Error(`package.json has no script 'check:${gate.name}'`);
  return command;
}

function runGate(gate: Gate): Outcome {
  const command = commandOf(gate);
  console.log(`\n> ${gate.name}: ${command}`);
  const started = performance.now();
  const { status } = spawnSync(command, {
    cwd: root,
    shell: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: path },
  });
  return { gate, ok: status === 0, seconds: (performance.now() - started) / 1000 };
}

function chosenGates(names: readonly string[]): readonly Gate[] {
  const unknown = names.find((name) => !gates.some((gate) => gate.name === name));
  if (unknown !== undefined) throw new Error(`no gate '${unknown}': ${gates.map((gate) => gate.name).join(', ')}`);
  return names.length === 0 ? gates : gates.filter((gate) => names.includes(gate.name));
}

function report(outcomes: readonly Outcome[]): void {
  console.log('');
  for (const { gate, ok, seconds } of outcomes) {
    console.log(
      `${ok ? 'ok    ' : 'FAILED'} ${seconds.toFixed(1).padStart(6)} s  ${gate.name.padEnd(10)} ${gate.about}`,
    );
  }
}

try {
  const outcomes = chosenGates(process.argv.slice(2)).map(runGate);
  report(outcomes);
  if (outcomes.some(({ ok }) => !ok)) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
