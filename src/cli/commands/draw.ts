/** `draw [name]`: a workflow as a picture, alone or with what a run or tests have seen of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { extname, relative, resolve } from 'node:path';
import { WorkflowError } from '../../core/errors.ts';
import { isPlainObject } from '../../core/json.ts';
import type { Store } from '../../core/ports.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import { RunView } from '../../engine/read/run-view.ts';
import {
  drawWorkflow,
  type Coverage,
  type DrawingFormat,
  type DrawingTheme,
  type DrawnRun,
} from '../../inspect/draw-workflow.ts';
import { exitCodes } from '../exit-code.ts';
import { findRun } from '../find-run.ts';
import type { DrawFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { openProject } from '../open-project.ts';

export async function draw(io: Io, name: string | undefined, flags: DrawFlags): Promise<number> {
  if (flags.run !== undefined && flags.coverage !== undefined)
    throw new WorkflowError('REQUEST_INVALID', 'a drawing shows either --run or --coverage, not both');
  const format = formatOf(flags);
  const theme = flags.theme === undefined ? {} : { theme: flags.theme as DrawingTheme };
  const coverage = flags.coverage === undefined ? {} : { coverage: readCoverage(io, flags.coverage) };
  const { definition, ...shown } = await (flags.run === undefined
    ? fromProject(io, name, flags)
    : fromRun(io, name, flags.run, flags));
  const drawing = await drawWorkflow(definition, { format, ...theme, ...coverage, ...shown });
  tell(io, definition, format, drawing, flags);
  return exitCodes.ok;
}

function tell(
  io: Io,
  { name, version }: WorkflowDefinition,
  format: DrawingFormat,
  drawing: string,
  { output, json }: DrawFlags,
): void {
  const file = output === undefined ? null : resolve(io.cwd, output);
  if (file !== null) write(file, drawing);
  const what = { workflow: name, version, format };
  if (json === true) io.out(`${JSON.stringify(file === null ? { ...what, drawing } : { ...what, file }, null, 2)}\n`);
  else if (file === null) io.out(drawing);
  else io.err(`${io.errStyle.green('drawn')}: ${name} in ${relative(io.cwd, file) || file}\n`);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new WorkflowError('REQUEST_INVALID', `${file} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

const extensions: Readonly<Record<string, DrawingFormat>> = {
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
  '.md': 'mermaid',
  '.svg': 'svg',
  '.dot': 'dot',
  '.gv': 'dot',
  '.json': 'json',
};

/** Wrong names are found by what draws. */
function formatOf({ format, output }: DrawFlags): DrawingFormat {
  if (format !== undefined) return format as DrawingFormat;
  if (output === undefined) return 'mermaid';
  const ending = extname(output).toLowerCase();
  const known = Object.hasOwn(extensions, ending) ? extensions[ending] : undefined;
  if (known !== undefined) return known;
  const endings = Object.keys(extensions).join(' ');
  throw new WorkflowError(
    'REQUEST_INVALID',
    `${output}: its ending names no format (${endings}); say it with --format`,
  );
}

interface Drawn {
  readonly definition: WorkflowDefinition;
  readonly run?: DrawnRun;
  readonly agentName?: (id: string) => string;
}

async function fromProject(io: Io, name: string | undefined, flags: DrawFlags): Promise<Drawn> {
  const { workflows, agents, file } = await openProject(io, flags);
  const found = workflows.filter((each) => name === undefined || [each.name, each.id, each.title].includes(name));
  // The last one registered runs.
  const definition = name === undefined && workflows.length > 1 ? undefined : found.at(-1);
  if (definition === undefined) {
    const names = [...new Set(workflows.map((each) => each.name))].join(', ');
    const what = name === undefined ? 'which workflow?' : `no workflow '${name}';`;
    const code = name === undefined ? 'REQUEST_INVALID' : 'NOT_FOUND';
    throw new WorkflowError(code, `${what} ${file} has ${names === '' ? 'none' : names}`);
  }
  return { definition, agentName: (id) => (URL.canParse(id) ? new URL(id).host : (agents.find(id)?.name ?? id)) };
}

async function fromRun(io: Io, name: string | undefined, id: string, flags: DrawFlags): Promise<Drawn> {
  const { store, row } = await findRun(io, id, flags);
  try {
    const view = new RunView(store, row.id);
    const { definition } = view;
    if (name !== undefined && ![definition.name, definition.id, definition.title].includes(name))
      throw new WorkflowError('REQUEST_INVALID', `run '${row.id}' is one of '${definition.name}', not of '${name}'`);
    const events = view.update();
    const rounds = roundsBelow(io, store, row.id);
    return { definition, run: { id: row.id, status: row.status, events, steps: view.steps(), rounds } };
  } finally {
    store.close();
  }
}

/** Of a run; more take long to read, and the picture would hardly be another one. */
const maxRounds = 200;

/** The events of the rounds of its loops, and of the loops in them. */
function roundsBelow(io: Io, store: Store, run: string): NonNullable<DrawnRun['rounds']> {
  const open = [run];
  const rounds: NonNullable<DrawnRun['rounds']>[number][] = [];
  for (let parent = open.shift(); parent !== undefined; parent = open.shift()) {
    for (const { id } of store.listRuns({ parent, kind: ['round'], limit: maxRounds + 1 })) {
      if (rounds.length === maxRounds) {
        io.err(`${io.errStyle.yellow('not all rounds are marked')}: the run has more than ${maxRounds}\n`);
        return rounds;
      }
      rounds.push(new RunView(store, id).update());
      open.push(id);
    }
  }
  return rounds;
}

function readCoverage(io: Io, path: string): Coverage {
  const file = resolve(io.cwd, path);
  const invalid = (what: string): WorkflowError =>
    new WorkflowError(
      'REQUEST_INVALID',
      `--coverage ${path}: ${what}; expected { "states": { ... }, "transitions": { ... } }`,
    );
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw invalid(error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message);
  }
  if (!isPlainObject(value)) throw invalid('it is no object');
  const { states, transitions } = value;
  if (!isCounts(states)) throw invalid("'states' does not say by name how often each was seen, or whether");
  if (!isCounts(transitions)) throw invalid("'transitions' does not say by name how often each was taken, or whether");
  return { states, transitions };
}

function isCounts(value: unknown): value is Readonly<Record<string, number | boolean>> {
  return (
    isPlainObject(value) &&
    Object.values(value).every((each) => typeof each === 'boolean' || (typeof each === 'number' && each >= 0))
  );
}
