/** Prints every import that goes up and every ambient read (rules: scripts/layers/rooms.ts); fails if there is one. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkModule } from './layers/check.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const paths = globSync('{src,machines}/**/*.ts', { cwd: root }).filter((path) => !path.includes('templates'));
const findings = paths
  .toSorted()
  .flatMap((path) => checkModule({ path, text: readFileSync(join(root, path), 'utf8') }));

for (const { path, line, message } of findings) console.error(`${path}:${line}: ${message}`);
console.log(`layers: ${paths.length} modules, ${findings.length} mistakes`);
if (paths.length === 0 || findings.length > 0) process.exitCode = 1;
