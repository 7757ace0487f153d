/** The way in, called by the files in `bin/`: parses the command line, runs a command, ends the process with its exit code. */
import { createRequire } from 'node:module';
import { CommanderError } from 'commander';
import { exitCodes } from './exit-code.ts';
import { createIo, type Io } from './io.ts';
import { createProgram } from './program.ts';
import { quietWarnings } from './quiet-warnings.ts';
import { reportError } from './report-error.ts';

/**
 * @public bin/dank-workflow.js imports it
 * @param argv without the interpreter and the script
 * @param name how the command was called
 */
export async function main(argv: readonly string[], name: string): Promise<never> {
  quietWarnings();
  // Under npm, what it has put on the path is not on that of the person who reads our hints.
  const isUnderNpm = (process.env['npm_command'] ?? '') !== '';
  const io = createIo(isUnderNpm ? `npx ${name}` : name, { noColor: argv.includes('--no-color') });
  // What code of the user throws when nobody waits for it ends the process, as it would without us; but in our words.
  process.on('uncaughtException', (error) => void end(io, reportError(io, error, argv.includes('--json'))));
  return end(io, await execute(io, argv));
}

async function end(io: Io, code: number): Promise<never> {
  await io.flushed();
  return io.exit(code);
}

async function execute(io: Io, argv: readonly string[]): Promise<number> {
  let isJson = argv.includes('--json');
  let code: number = exitCodes.ok;
  const program = createProgram(io, readVersion(), async (flags, command) => {
    isJson = flags.json === true;
    // For results only, whatever workflow files and handlers print.
    io.keepStdoutClean();
    code = await command();
  });
  const output = { writeOut: io.out, writeErr: io.err };
  for (const each of [program, ...program.commands]) each.exitOverride().configureOutput(output);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return error instanceof CommanderError ? endParsing(io, error, isJson) : reportError(io, error, isJson);
  }
}

/** Commander has printed the help or the mistake already. */
function endParsing(io: Io, { exitCode, message }: CommanderError, isJson: boolean): number {
  if (exitCode === 0) return exitCodes.ok;
  const error = { name: 'UsageError', code: 'REQUEST_INVALID', message: message.replace(/^error: /, '') };
  if (isJson) io.out(`${JSON.stringify({ type: 'error', error, exitCode: exitCodes.usage })}\n`);
  return exitCodes.usage;
}

function readVersion(): string {
  const manifest = createRequire(import.meta.url)('dank-workflow/package.json') as { readonly version: string };
  return manifest.version;
}
