/**
 * `npm run check:checks`: is every gate able to fail? Plants one mistake after the other into a copy of the project and
 * sees that the gate refuses it, and says so in words that it does not say without it. Not part of `npm run check`: it
 * takes minutes. `npm run check:checks -- lint` looks at one gate.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gates } from './gates.ts';
import { plants, type Plant } from './plants.ts';

interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dank-workflow-gates-'));
  const git = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const path of git.stdout.split('\n').filter((line) => line !== '' && existsSync(join(root, line)))) {
    cpSync(join(root, path), join(folder, path));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return folder;
}

function run(folder: string, command: string): Outcome {
  const path = [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const env = { ...process.env, PATH: path, NO_COLOR: '1', CI: 'true' };
  const { status, stdout, stderr } = spawnSync(command, {
    cwd: folder,
    shell: true,
    encoding: 'utf8',
    env,
    maxBuffer: 1e8,
  });
  return { status, output: stdout + stderr };
}

/** Puts the plant's files into the copy; returns how to take them out again. */
function plantInto(folder: string, { files }: Plant): () => void {
  const undo = Object.entries(files).map(([name, change]) => {
    const path = join(folder, name);
    const before = existsSync(path) ? readFileSync(path, 'utf8') : null;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof change === 'string' ? change : change(before ?? ''));
    return () => (before === null ? rmSync(path) : writeFileSync(path, before));
  });
  return () => undo.forEach((one) => one());
}

function judge(plant: Plant, without: Outcome, planted: Outcome): string | null {
  if (plant.says.test(without.output)) return 'it says so without the mistake, too';
  if (planted.status === 0) return 'it passes';
  return plant.says.test(planted.output)
    ? null
    : `it fails, but does not say ${String(plant.says)}:\n${planted.output.slice(-2000)}`;
}

function checkGates(folder: string, names: readonly string[]): number {
  const clean = new Map<string, Outcome>();
  let mistakes = 0;
  for (const plant of plants.filter(({ gate }) => names.includes(gate))) {
    const command = plant.only ?? scripts[`check:${plant.gate}`] ?? '';
    const without = clean.get(command) ?? run(folder, command);
    clean.set(command, without);
    const takeOut = plantInto(folder, plant);
    const problem = judge(plant, without, run(folder, command));
    takeOut();
    if (problem !== null) mistakes += 1;
    console.log(
      `${problem === null ? 'refused' : 'MISSED '}  ${plant.gate.padEnd(9)} ${plant.about}${problem === null ? '' : `: ${problem}`}`,
    );
  }
  for (const [command, { status }] of clean) {
    if (status !== 0) console.log(`note: without any mistake, '${command}' fails already`);
  }
  return mistakes;
}

const asked = process.argv.slice(2);
const names = asked.length === 0 ? gates.map(({ name }) => name) : asked;
const folder = copyProject();
try {
  run(folder, 'node scripts/build.ts');
  const unwatched = names.filter((name) => !plants.some(({ gate }) => gate === name));
  if (unwatched.length > 0) throw new Error(`no mistake is known for: ${unwatched.join(', ')}`);
  if (checkGates(folder, names) > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
