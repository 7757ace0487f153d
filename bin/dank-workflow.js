#!/usr/bin/env node
// The command `dank-workflow`, and `dank workflow` when bin/dank.js asks for it. Checks Node.js before anything else is
// read: in old syntax and without static imports, so that old versions can read this far.

const needed = '22.13';
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isNewEnough = major > 22 || (major === 22 && minor >= 13);
const isDank = /[\\/]dank(\.js)?$/.test(process.argv[1] || '');

if (isNewEnough) {
  start();
} else {
  console.error(
    'dank-workflow needs Node.js ' +
      needed +
      ' or newer; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'Install a current version from https://nodejs.org, or with a version manager: nvm install 24',
  );
  process.exitCode = 2;
}

function start() {
  // Compiled code is kept between calls, where this Node.js can: it halves the time to start.
  const modules = process.getBuiltinModule('node:module');
  if (modules.enableCompileCache) modules.enableCompileCache();
  // By a variable: what is not built yet is no mistake in types.
  const main = '../dist/src/cli/main.js';
  const loading = /** @type {Promise<typeof import('../src/cli/main.ts')>} */ (import(main));
  void loading.then(
    function (cli) {
      return cli.main(process.argv.slice(isDank ? 3 : 2), isDank ? 'dank workflow' : 'dank-workflow');
    },
    /** @param {unknown} error */
    function (error) {
      const isUnbuilt = /Cannot find module .*dist[\\/]src[\\/]cli[\\/]main\.js/.test(String(error));
      console.error(isUnbuilt ? 'dank-workflow is not built: run "npm run build" in its folder first.' : error);
      process.exitCode = 1;
    },
  );
}
