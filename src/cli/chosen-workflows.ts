/** The workflows of a project that a command is about: the one that is named, or all. */
import { WorkflowError } from '../core/errors.ts';
import type { WorkflowDefinition } from '../definition/index.ts';
import type { Project } from '../project/project.ts';

/** @throws WorkflowError NOT_FOUND */
export function chosenWorkflows({ workflows, file }: Project, name: string | undefined): readonly WorkflowDefinition[] {
  if (name === undefined) return workflows;
  const found = workflows.filter((each) => [each.name, each.id, each.title].includes(name));
  if (found.length > 0) return found;
  const names = [...new Set(workflows.map((each) => each.name))].join(', ');
  throw new WorkflowError('NOT_FOUND', `no workflow '${name}' in ${file}; it has ${names === '' ? 'none' : names}`);
}
