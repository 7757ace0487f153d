/**
 * Builds what is published: `src` and `machines` into `dist`, incrementally. What a removed source left behind is
 * removed, and files that are data (templates) are copied beside the code that reads them. Owns no types: tsc does.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const roots = ['src', 'machines'];

const outputs = /(\.d\.ts|\.js|\.js\.map)$/;

/** Whether the source of an output is still there: `src/a.ts` of `dist/src/a.d.ts`. */
function hasSource(output: string): boolean {
  return outputs.test(output) && existsSync(join(root, output.replace(outputs, '.ts')));
}

function isData(path: string): boolean {
  return path.split(/[\\/]/).includes('templates');
}

function removeLeftOvers(): void {
  const compiled = globSync('**/*.{js,ts,map}', { cwd: join(root, 'dist') }).filter((path) => !isData(path));
  for (const output of compiled) {
    if (!hasSource(output)) rmSync(join(root, 'dist', output));
  }
}

function compile(): number {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  return status ?? 1;
}

function copyData(): void {
  for (const folder of globSync(`{${roots.join(',')}}/**/templates`, { cwd: root })) {
    const target = join(root, 'dist', folder);
    rmSync(target, { recursive: true, force: true });
    cpSync(join(root, folder), target, { recursive: true });
  }
}

removeLeftOvers();
const status = compile();
copyData();
process.exitCode = status;
