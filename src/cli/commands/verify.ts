/** `verify [name]`: looks at every path of the project's workflows; nothing is run. */
import { WorkflowError } from '../../core/errors.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import {
  diff,
  differenceText,
  findingMermaid,
  verificationJson,
  verificationText,
  verify,
  type Verification,
} from '../../verify/index.ts';
import { exitCodes } from '../exit-code.ts';
import type { VerifyFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { openProject } from '../open-project.ts';
import { chosenWorkflows } from '../chosen-workflows.ts';
import { wholeNumber } from '../whole-number.ts';

export async function verifyCommand(io: Io, name: string | undefined, flags: VerifyFlags): Promise<number> {
  const options = flags.maxStates === undefined ? {} : { maxStates: wholeNumber(flags.maxStates, '--max-states') };
  const project = await openProject(io, flags);
  const workflows = chosenWorkflows(project, name);
  if (flags.against !== undefined) return compare(io, workflows, flags.against, flags, options);
  const results = workflows.map((each) => verify(each, options));
  tell(io, results, flags);
  return exitCodeOf(results);
}

function tell(io: Io, results: readonly Verification[], flags: VerifyFlags): void {
  if (flags.json === true) {
    io.out(`${JSON.stringify(results.map(verificationJson), null, 2)}\n`);
    return;
  }
  if (flags.mermaid === true) {
    const drawn = results.flatMap(({ findings }) => findings.filter(({ way }) => way.length > 0).map(findingMermaid));
    if (drawn.length > 0) io.out(`${drawn.join('\n\n')}\n`);
    return;
  }
  for (const result of results) for (const line of verificationText(result)) io.out(`${coloured(io, line)}\n`);
}

function coloured({ outStyle: { red, yellow, bold, dim } }: Io, line: string): string {
  if (line.startsWith('  error:')) return line.replace('error:', red('error:'));
  if (line.startsWith('  warning:')) return line.replace('warning:', yellow('warning:'));
  if (line.startsWith('  not explored:')) return yellow(line);
  return line.startsWith('  ') ? dim(line) : bold(line);
}

/** A mistake says 1; without one, that not everything was looked at says 7. */
function exitCodeOf(results: readonly Verification[]): number {
  if (results.some(({ ok }) => !ok)) return exitCodes.failed;
  return results.some(({ bounds }) => bounds.length > 0) ? exitCodes.incomplete : exitCodes.ok;
}

/** What the workflows of two files do differently, by name. */
async function compare(
  io: Io,
  workflows: readonly WorkflowDefinition[],
  against: string,
  flags: VerifyFlags,
  options: { readonly maxStates?: number },
): Promise<number> {
  const old = await openProject(io, { ...flags, file: against });
  const results = workflows.map((now) => {
    const before = old.workflows.findLast((each) => each.name === now.name);
    if (before === undefined)
      throw new WorkflowError('NOT_FOUND', `${old.file} has no workflow '${now.name}' to compare with`);
    return { workflow: now.name, ...diff(before, now, options) };
  });
  if (flags.json === true) io.out(`${JSON.stringify(results, null, 2)}\n`);
  else
    for (const { workflow, ...difference } of results)
      for (const [at, line] of differenceText(difference).entries())
        io.out(`${at === 0 ? `${workflow}: ` : ''}${line}\n`);
  if (results.some(({ changes }) => changes.length > 0)) return exitCodes.failed;
  return results.some(({ bounds }) => bounds.length > 0) ? exitCodes.incomplete : exitCodes.ok;
}
