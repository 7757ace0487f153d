// Hands a command line over to the `dank` of the package dank-ai, wherever it is installed: in the project, or beside us.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageName = 'dank-ai';

/** @param {string[]} args */
export function passOn(args) {
  const script = findScript();
  if (script === null) explain(args);
  else run(script, args);
}

/** The nearest one, seen from the project, then from where npm has put this package. */
function findScript() {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = [process.cwd(), dirname(process.argv[1] || here), here];
  for (const place of places) {
    for (let folder = place; ; folder = dirname(folder)) {
      const script = scriptOf(join(folder, 'node_modules', packageName));
      if (script !== null) return script;
      if (folder === dirname(folder)) break;
    }
  }
  return null;
}

/**
 * What the manifest of a folder names as its command `dank`.
 * @param {string} folder
 */
function scriptOf(folder) {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return null;
  const { name, bin } = /** @type {{ name?: unknown, bin?: string | { dank?: unknown } }} */ (
    JSON.parse(readFileSync(manifest, 'utf8'))
  );
  if (name !== packageName) return null;
  const script = typeof bin === 'string' ? bin : bin && bin.dank;
  return typeof script === 'string' ? realpathSync(join(folder, script)) : null;
}

/**
 * With the same terminal, signals and exit code as if it had been called itself.
 * @param {string} script
 * @param {string[]} args
 */
function run(script, args) {
  const child = spawn(process.execPath, process.execArgv.concat(script, args), { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both of us; what is sent to us alone is handed on. Either way the child decides.
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error('dank: ' + script + ' cannot be started: ' + error.message);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code === null ? 1 : code;
      return;
    }
    for (const each of signals) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
}

/** @param {string[]} args */
function explain(args) {
  const asked = args.length === 0 ? 'dank' : 'dank ' + args[0];
  const isHelp = args.length === 0 || ['--help', '-h', 'help', '--version', '-V'].includes(args[0] || '');
  console.error(
    (isHelp
      ? 'This is the `dank` of dank-workflow: `dank workflow <command>` runs workflows (dank workflow --help).\n'
      : '`' + asked + '` is a command of the package dank-ai, which is not installed here.\n') +
      'All other commands come from dank-ai: npm install dank-ai',
  );
  process.exitCode = isHelp ? 0 : 2;
}
