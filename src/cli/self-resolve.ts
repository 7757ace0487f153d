/**
 * Lets a workflow file `import 'dank-workflow'` where the package is not installed (a project just made, a command installed
 * globally or run by npx): it then gets the copy that is running. An installed one always comes first.
 */
import * as module from 'node:module';
import { isBuiltin } from 'node:module';

const ownName = 'dank-workflow';

let isInstalled = false;

/** Does nothing on versions of Node.js that cannot (before 22.15): the import then fails, and the message says what to install. */
export function resolveOurselves(): void {
  if (isInstalled || typeof module.registerHooks !== 'function') return;
  isInstalled = true;
  const require = module.createRequire(import.meta.url);
  module.registerHooks({
    resolve(specifier, context, next) {
      if (isBuiltin(specifier) || (specifier !== ownName && !specifier.startsWith(`${ownName}/`)))
        return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        return next(require.resolve(specifier), context);
      }
    },
  });
}

function isNotFound(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND')
  );
}
