/** `list`: the workflows of the project. */
import { relative, resolve } from 'node:path';
import { createTree } from '../../definition/checks/tree.ts';
import { checkProject } from '../../project/project.ts';
import { exitCodes } from '../exit-code.ts';
import type { OutputFlags, ProjectFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { loadOptions } from '../open-project.ts';
import { resolveOurselves } from '../self-resolve.ts';
import { issueLines } from '../view/issues.ts';
import { count } from '../view/format.ts';
import { oneLine } from '../view/text.ts';

export async function list(io: Io, flags: OutputFlags & ProjectFlags): Promise<number> {
  resolveOurselves();
  const { workflows, issues } = await checkProject(resolve(io.cwd, flags.file ?? '.'), loadOptions(io, flags));
  const rows = workflows.map(({ definition, file: from }) => ({
    name: definition.name,
    id: definition.id,
    title: definition.title,
    version: definition.version,
    description: definition.description,
    steps: createTree(definition).nodes.length,
    tags: definition.tags,
    file: from,
    hash: definition.hash,
  }));
  const errors = issues.filter(({ issue }) => issue.severity !== 'warning');
  if (flags.json === true) io.out(`${JSON.stringify(rows, null, 2)}\n`);
  else for (const row of rows) print(io, row);
  // What could be read is listed; the rest is told.
  for (const line of issueLines(errors, io.cwd, io.errStyle)) io.err(`${line}\n`);
  return errors.length > 0 ? exitCodes.usage : exitCodes.ok;
}

interface Row {
  readonly name: string;
  readonly title: string | null;
  readonly version: string;
  readonly description: string | null;
  readonly steps: number;
  readonly file: string;
}

function print(io: Io, { name, title, version, description, steps, file }: Row): void {
  const { outStyle: style } = io;
  const heading = title === null ? '' : `  ${oneLine(title)}`;
  io.out(
    `${style.bold(name)}${heading}  ${style.dim(`version ${version}, ${count(steps, 'step')}, ${relative(io.cwd, file) || file}`)}\n`,
  );
  if (description !== null) io.out(`  ${oneLine(description)}\n`);
}
