/** The commands by which old runs are removed, and runs are carried from one store to another: `prune`, `export`, `import`. */
import type { Command } from 'commander';
import type { ExportFlags, ImportFlags, PruneFlags } from './flags.ts';
import type { Io } from './io.ts';
import { addFile, addFilter, addStore, command, type Start } from './program-options.ts';

export function addArchive(program: Command, io: Io, start: Start): void {
  addPrune(program, io, start);
  addExport(program, io, start);
  addImport(program, io, start);
}

function addPrune(program: Command, io: Io, start: Start): void {
  addFilter(addStore(addFile(command(program, 'prune', 'remove runs that have ended'))))
    .option('--older-than <duration>', 'only what ended longer ago than this (30d, 12h)')
    .option('--all', 'all that have ended; instead of --older-than or a filter')
    .option('--archive <file>', 'write them to this file first (JSON Lines); import reads it')
    .option('--dry-run', 'only tell what would be removed')
    .addHelpText(
      'after',
      `
A run goes with its rounds and child runs, and stays while one of them, or a run that was forked from it, is there.
May be used while runs go on. With --json: { removed, below, events, bytes, kept: [{ run, why }], archive?, dryRun }`,
    )
    .action((flags: PruneFlags) => start(flags, async () => (await import('./commands/prune.ts')).prune(io, flags)));
}

function addExport(program: Command, io: Io, start: Start): void {
  addFilter(addStore(addFile(command(program, 'export', 'write runs as JSON Lines, with their histories'))))
    .argument('[runIds...]', 'ids of runs; none: those that the filters admit')
    .option('-o, --output <file>', 'a new file (default: stdout)')
    .addHelpText(
      'after',
      '\nA run comes with its rounds, child runs and definitions; secrets are masked as they are in the store.',
    )
    .action((ids: string[], flags: ExportFlags) =>
      start(flags, async () => (await import('./commands/export.ts')).exportCommand(io, ids, flags)),
    );
}

function addImport(program: Command, io: Io, start: Start): void {
  addStore(addFile(command(program, 'import', 'read runs that export or prune --archive has written')))
    .argument('<file>', "JSON Lines; '-' is stdin")
    .option('--skip-existing', 'leave runs as they are that are in the store already')
    .addHelpText(
      'after',
      '\nNothing is imported unless all of it can be. With --json: { imported: [runId], skipped: [runId] }',
    )
    .action((file: string, flags: ImportFlags) =>
      start(flags, async () => (await import('./commands/import.ts')).importCommand(io, file, flags)),
    );
}
