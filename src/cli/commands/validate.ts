/** `validate [file]`: loads a project and tells all its mistakes and warnings; nothing is run. */
import { resolve } from 'node:path';
import { createTree } from '../../definition/checks/tree.ts';
import { checkProject } from '../../project/project.ts';
import { exitCodes } from '../exit-code.ts';
import type { OutputFlags, ProjectFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { loadOptions } from '../open-project.ts';
import { resolveOurselves } from '../self-resolve.ts';
import { count } from '../view/format.ts';
import { issueLines } from '../view/issues.ts';

export async function validate(io: Io, path: string, flags: OutputFlags & ProjectFlags): Promise<number> {
  resolveOurselves();
  const { file, project, issues, workflows } = await checkProject(resolve(io.cwd, path), loadOptions(io, flags));
  const steps = workflows.map(({ definition }) => createTree(definition).nodes.length);
  if (flags.json === true) {
    const found = issues.map(({ file: from, issue }) => ({ severity: 'error', file: from, ...issue }));
    const list = workflows.map(({ definition: { name, version }, file: from }, index) => ({
      name,
      version,
      steps: steps[index],
      file: from,
    }));
    io.out(`${JSON.stringify({ valid: project !== null, file, workflows: list, issues: found }, null, 2)}\n`);
  }
  for (const line of issueLines(issues, io.cwd, io.errStyle)) io.err(`${line}\n`);
  const warnings = issues.filter(({ issue }) => issue.severity === 'warning').length;
  const also = warnings === 0 ? '' : `, ${count(warnings, 'warning')}`;
  if (project === null) {
    io.err(`${io.errStyle.red(`${count(issues.length - warnings, 'mistake')}${also}`)} in ${file}\n`);
    return exitCodes.usage;
  }
  const total = steps.reduce((sum, each) => sum + each, 0);
  const summary = `${io.outStyle.green('valid')}: ${count(workflows.length, 'workflow')}, ${count(total, 'step')}${also} in ${file}\n`;
  if (flags.json !== true) io.out(summary);
  return exitCodes.ok;
}
