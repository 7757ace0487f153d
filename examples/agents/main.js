// @ts-check
/**
 * `node examples/agents/main.js [--documents DIR] [--port N] [--api-key KEY] [--delay MS] [--json]` starts all
 * agents and runs until Ctrl-C.
 */
import { parseArgs } from 'node:util';

import { projectDocuments, startAll } from './index.js';

const USAGE = `Starts the demo agents and the process service on 127.0.0.1.

  --documents DIR   folder of .md and .txt files that the agents search (default: this project's own)
  --port N          port of the process service; the agents take the ones after it (default: free ports)
  --api-key KEY     key of the process service (default: $API_KEY, else demo-key)
  --delay MS        wait before each answer, to watch a workflow at work (default: 0)
  --json            print one line of JSON instead of the table
  --help            print this
`;

/** @param {string} flags the command line is wrong */
function fail(flags) {
  process.stderr.write(`${flags}\n\n${USAGE}`);
  process.exitCode = 2;
}

function readFlags() {
  const { values } = parseArgs({
    options: {
      documents: { type: 'string', default: projectDocuments },
      port: { type: 'string', default: '0' },
      'api-key': { type: 'string', default: process.env['API_KEY'] ?? 'demo-key' },
      delay: { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (!/^\d{1,6}$/.test(values.delay)) throw new Error(`--delay wants milliseconds, not '${values.delay}'`);
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_000) {
    throw new Error(`--port wants a number up to 65000, not '${values.port}'`);
  }
  return values;
}

/** @param {readonly string[][]} rows */
function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** @param {ReturnType<typeof readFlags>} flags */
async function run(flags) {
  const running = await startAll({
    documents: flags.documents,
    firstPort: Number(flags.port),
    apiKey: flags['api-key'],
    delayMs: Number(flags.delay),
  });
  const { agents, service, library } = running;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => void running.close());
  if (flags.json) {
    const urls = Object.fromEntries(Object.values(agents).map(({ name, url }) => [name, url]));
    process.stdout.write(`${JSON.stringify({ agents: urls, service: service.url, documents: library.folder })}\n`);
    return;
  }
  const rows = Object.values(agents).map(({ name, url, description }) => [name, 'running', url, description]);
  const serviceRow = [service.name, 'running', service.url, 'POST /process with Authorization: Bearer <key>'];
  const searched = `${library.files.length} documents (${library.passages.length} passages) of ${library.folder}`;
  const head = ['AGENT', 'STATUS', 'URL', 'WHAT IT DOES'];
  process.stdout.write(`${table([head, ...rows, serviceRow])}\n\nSearching ${searched}. Ctrl-C stops.\n`);
}

try {
  const flags = readFlags();
  if (flags.help) process.stdout.write(USAGE);
  else await run(flags);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
