/** `validate [file]`: loads a project and tells all its mistakes and warnings; nothing is run. */
import { resolve } from 'node:path';
import type { Issue } from '../../core/issue.ts';
import { createTree } from '../../definition/checks/tree.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import { ruleIssues } from '../../engine/rule-proofs.ts';
import { checkProject } from '../../project/project.ts';
import { proveRules } from '../../verify/prove-rules.ts';
import { exitCodes } from '../exit-code.ts';
import type { OutputFlags, ProjectFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { loadOptions } from '../open-project.ts';
import { resolveOurselves } from '../self-resolve.ts';
import { count } from '../view/format.ts';
import { issueLines } from '../view/issues.ts';

export async function validate(io: Io, path: string, flags: OutputFlags & ProjectFlags): Promise<number> {
  resolveOurselves();
  const checked = await checkProject(resolve(io.cwd, path), loadOptions(io, flags));
  const { file, workflows } = checked;
  // Rules are looked at when nothing else is wrong.
  const rules =
    checked.project === null
      ? []
      : workflows.flatMap(({ definition, file: from }) => rulesOf(definition).map((issue) => ({ file: from, issue })));
  const issues = [...checked.issues, ...rules];
  const mistakes = issues.filter(({ issue }) => issue.severity !== 'warning').length;
  const isValid = checked.project !== null && mistakes === 0;
  const steps = workflows.map(({ definition }) => createTree(definition).nodes.length);
  if (flags.json === true) {
    const found = issues.map(({ file: from, issue }) => ({ severity: 'error', file: from, ...issue }));
    const list = workflows.map(({ definition: { name, version }, file: from }, index) => ({
      name,
      version,
      steps: steps[index],
      file: from,
    }));
    io.out(`${JSON.stringify({ valid: isValid, file, workflows: list, issues: found }, null, 2)}\n`);
  }
  for (const line of issueLines(issues, io.cwd, io.errStyle)) io.err(`${line}\n`);
  const warnings = issues.length - mistakes;
  const also = warnings === 0 ? '' : `, ${count(warnings, 'warning')}`;
  if (!isValid) {
    io.err(`${io.errStyle.red(`${count(mistakes, 'mistake')}${also}`)} in ${file}\n`);
    return exitCodes.usage;
  }
  const total = steps.reduce((sum, each) => sum + each, 0);
  const summary = `${io.outStyle.green('valid')}: ${count(workflows.length, 'workflow')}, ${count(total, 'step')}${also} in ${file}\n`;
  if (flags.json !== true) io.out(summary);
  return exitCodes.ok;
}

/** What breaks the author's rules; and, as a warning, that not every path was looked at. */
function rulesOf(definition: WorkflowDefinition): readonly Issue[] {
  const { broken, bounds } = proveRules(definition);
  return [
    ...ruleIssues(definition.name, broken),
    ...bounds.map(({ what }): Issue => {
      const message = `no rule is broken as far as was looked: ${what}`;
      return { code: 'RULES_NOT_PROVEN', severity: 'warning', path: 'rules', message };
    }),
  ];
}
