/** The commands by which people see workflows: `draw`. */
import type { Command } from 'commander';
import type { DrawFlags } from './flags.ts';
import type { Io } from './io.ts';
import { addAgents, addFile, addStore, command, type Start } from './program-options.ts';

export function addPictures(program: Command, io: Io, start: Start): void {
  addDraw(program, io, start);
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
