/** Plants bugs in modules as they are loaded. Owns the loading; which bugs there are is test/simulation/planted-bugs.ts. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PlantedBug } from '../../test/simulation/planted-bugs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Modules that are loaded from now on have it. @throws Error when what it edits is not there, or not once */
export function plantBug({ name, edits }: PlantedBug): void {
  const sources = new Map<string, string>();
  for (const { file, find, put } of edits) {
    const url = pathToFileURL(join(root, file)).href;
    const source = sources.get(url) ?? readFileSync(join(root, file), 'utf8');
    const parts = source.split(find);
    // An edit may put in what a later one finds: the last place is the one that was there.
    if (parts.length < 2) throw new Error(`the planted bug '${name}' is stale: ${file} has no longer: ${find}`);
    const last = source.lastIndexOf(find);
    sources.set(url, source.slice(0, last) + put + source.slice(last + find.length));
  }
  registerHooks({
    load: (url, context, next) => {
      const source = sources.get(url);
      return source === undefined ? next(url, context) : { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}
