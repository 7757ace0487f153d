// @ts-check
/**
 * `npm run demo -- [folder] [--topic ...] [--type ...] [--query ...]`: starts the demo agents and a small service as real HTTP
 * servers on this machine, and runs the workflow of `../research-and-summarize` on them through the command line, as a user
 * would. Owns the servers and the command; the workflow and its agents are the example's own.
 * @import { Library, RunningAgents } from '../agents/types.ts'
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { relative, resolve } from 'node:path';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { projectDocuments, startAll } from '../agents/index.js';
import { keyPhrases } from '../agents/lib/rank.js';
import { plural } from '../agents/lib/text.js';

const USAGE = `npm run demo -- [folder] [--topic TEXT] [--type TEXT] [--query TEXT]

  folder         .md and .txt files that the agents search (default: this project's own documents)
  --topic TEXT   what to research (default: what the documents are about)
  --type TEXT    research, analysis, summary, or any other: which path the switch takes (default: research)
  --query TEXT   the question for the agent that fails twice (default: about the topic)
  --run-id TEXT  the id of the run (default: demo- and the time); an interrupted one goes on where it stopped
  --store FILE   where runs are kept (default: .dank/workflows.db in examples/research-and-summarize)
`;

const project = fileURLToPath(new URL('../research-and-summarize', import.meta.url));
const command = fileURLToPath(new URL('../../bin/dank-workflow.js', import.meta.url));
const names = ['researcher', 'analyst', 'summarizer', 'keyword', 'formatter', 'unreliable'];
const apiKey = 'demo-key';
/** Milliseconds before each answer: slow enough to be watched. */
const delayMs = 300;
/** Enough to know what a folder is about. */
const MAX_PASSAGES = 500;

/** Where the user is: npm itself goes to the project's folder. */
const here = process.env['npm_lifecycle_event'] === 'demo' ? (process.env['INIT_CWD'] ?? '.') : '.';

function readFlags() {
  const text = /** @type {const} */ ({ type: 'string' });
  const options = {
    store: text,
    topic: text,
    type: text,
    query: text,
    'run-id': text,
    help: { type: /** @type {const} */ ('boolean') },
  };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (positionals.length > 1) throw new Error(`one folder, not ${positionals.length}: ${positionals.join(', ')}`);
  const [folder] = positionals;
  return { ...values, folder: folder === undefined ? null : resolve(here, folder) };
}

/** @param {ReturnType<typeof readFlags>} flags @param {Library} library */
function inputOf(flags, library) {
  const topic = flags.topic ?? (flags.folder === null ? 'runs after a crash' : subjectOf(library));
  return { topic, type: flags.type ?? 'research', query: flags.query ?? `What is known about ${topic}?` };
}

/** @param {Library} library */
function subjectOf({ passages }) {
  const text = passages.slice(0, MAX_PASSAGES).map((passage) => passage.text);
  return keyPhrases(text.join('\n'), 1)[0] ?? 'everything';
}

/** @param {RunningAgents} running */
function environment({ agents, service }) {
  const urls = Object.values(agents).map(({ name, url }) => [`DANK_AGENT_${name.toUpperCase()}_URL`, url]);
  return { ...process.env, ...Object.fromEntries(urls), API_KEY: apiKey, PROCESS_URL: `${service.url}/process` };
}

/**
 * The command's exit code.
 * @param {readonly string[]} parameters
 * @param {NodeJS.ProcessEnv} env
 */
async function runCommand(parameters, env) {
  const child = spawn(process.execPath, [command, ...parameters], { stdio: 'inherit', env });
  // Ctrl-C reaches the command as well: what it means is its business, and its end is ours.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
  }
  const [code, signal] = /** @type {[number | null, NodeJS.Signals | null]} */ (await once(child, 'exit'));
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** @param {ReturnType<typeof readFlags>} flags */
async function demo(flags) {
  const running = await startAll({ documents: flags.folder ?? projectDocuments, names, apiKey, delayMs });
  try {
    const { agents, service, library } = running;
    const input = inputOf(flags, library);
    const runId = flags['run-id'] ?? `demo-${new Date().toISOString().slice(0, 19).replace(/\D/g, '')}`;
    const file = relative('.', project) || '.';
    const searched = `${plural(library.files.length, 'document')} of ${library.folder}`;
    say(`${Object.keys(agents).length} agents and a service listen on 127.0.0.1. They search ${searched}.`);
    say(`Topic: ${input.topic}. The workflow waits for 5 s and retries an agent that fails twice: give it 12 s.\n`);
    const where = ['--file', file, ...(flags.store === undefined ? [] : ['--store', resolve(here, flags.store)])];
    const run = ['run', 'research-and-summarize', ...where, '--input', JSON.stringify(input), '--run-id', runId];
    const code = await runCommand([...run, '--allow-host', new URL(service.url).host], environment(running));
    if (wasInterrupted(code))
      say(`\nThe agents end with the demo. To go on where it stopped:\n  npm run demo -- ${again(runId)}`);
    return code;
  } finally {
    await running.close();
  }
}

/** A time limit or a signal: the run itself has not ended. @param {number} code */
function wasInterrupted(code) {
  return code === 124 || code > 128;
}

/** What was given, with the id of the run: the same id and input are the same run. @param {string} runId */
function again(runId) {
  const given = process.argv
    .slice(2)
    .map((word) => (/^[\w./=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`));
  return [...given, ...(given.some((word) => word.startsWith('--run-id')) ? [] : ['--run-id', runId])].join(' ');
}

/** Results go to stdout, and they are the command's. @param {string} text */
function say(text) {
  process.stderr.write(`${text}\n`);
}

try {
  const flags = readFlags();
  if (flags.help === true) process.stdout.write(USAGE);
  else process.exitCode = await demo(flags);
} catch (error) {
  say(`${error instanceof Error ? error.message : String(error)}\n'npm run demo -- --help' says what can be given.`);
  process.exitCode = 2;
}
