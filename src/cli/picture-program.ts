/** The commands by which people see workflows and runs: `draw`, `inspect`. */
import type { Command } from 'commander';
import type { DrawFlags, InspectFlags } from './flags.ts';
import type { Io } from './io.ts';
import { addAgents, addFile, addStore, command, type Start } from './program-options.ts';

export function addPictures(program: Command, io: Io, start: Start): void {
  addDraw(program, io, start);
  addInspect(program, io, start);
}

function addDraw(program: Command, io: Io, start: Start): void {
  addStore(addAgents(addFile(command(program, 'draw', 'draw a workflow'))))
    .argument('[name]', 'name, id or title of the workflow; not needed where there is one only, or with --run')
    .option('--format <format>', 'mermaid, svg, dot or json (default: as the name of the file says, else mermaid)')
    .option('-o, --output <file>', 'write it there instead of to stdout')
    .option('--theme <theme>', 'of svg: auto, light or dark (default: auto, as the reader has it)')
    .option('--run <id>', 'mark where this run is and has been')
    .option(
      '--coverage <file>',
      'mark what tests saw: { states: { step: times }, transitions: { "from -> to": times } }',
    )
    .addHelpText('after', drawHelp)
    .action((name: string | undefined, flags: DrawFlags) =>
      start(flags, async () => (await import('./commands/draw.ts')).draw(io, name, flags)),
    );
}

const drawHelp = `
mermaid: a flowchart for Markdown; svg: a picture that stands alone; dot: for Graphviz; json: the statechart as an XState machine
configuration, for Stately's tools and createMachine.
With --run the definition is that of the run, and no code of the project is needed.
With --json: { workflow, version, format, file } or, without -o, { workflow, version, format, drawing }.`;

function addInspect(program: Command, io: Io, start: Start): void {
  addStore(addFile(command(program, 'inspect', "show a run, step by step, in Stately's inspector")))
    .argument('[run]', "id of a run, or a workflow's name for its latest run; none: waits for programs of yours")
    .option('--step <duration>', 'pause so long after each event (500ms, 1s; default: none)')
    .option('--port <port>', 'port to listen on, on this machine only (default: any that is free)')
    .option('--viewer <url>', "page of the inspector (default: Stately's, https://stately.ai/inspect)")
    .addHelpText('after', inspectHelp)
    .action((run: string | undefined, flags: InspectFlags) =>
      start(flags, async () => (await import('./commands/inspect.ts')).inspect(io, run, flags)),
    );
}

const inspectHelp = `
Opens nothing and sends nothing: it prints an address on this machine (127.0.0.1). When you open it, your browser loads the
inspector's page from its site and is handed the run's messages; they do not leave the browser. Secrets are masked.
A run under way is followed. Rounds of loops and child runs are shown with it. Programs of yours reach the same page with
createWebSocketInspector({ url }) and the printed ws:// address, as createEngine({ inspect }) takes it. Ctrl-C ends it.
With --json: no server; the inspector's messages, one per line, until the run has ended.`;
