/** Steps as people name them. */
import { WorkflowError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import type { Program } from '../../../machines/program.ts';

/** The number of a step of the run itself. @throws WorkflowError NOT_FOUND; CONFLICT for a step of a loop's rounds */
export function stepOf(program: Program, id: string): number {
  const index = program.byId.get(id);
  if (index !== undefined) return index;
  const loop = loopAround(program, id);
  if (loop !== null)
    throw new WorkflowError(
      'CONFLICT',
      `step '${id}' belongs to the rounds of loop '${loop}', each of which is a run of its own: name that run, or the loop`,
    );
  const near = nearest(id, program.byId.keys());
  throw new WorkflowError(
    'NOT_FOUND',
    `workflow '${program.definition.name}' has no step '${id}'${near === undefined ? '' : `; did you mean '${near}'?`}`,
  );
}

/** Id of the items loop of this run that a step is in; null when it is in none. */
function loopAround({ bodies, steps }: Program, id: string): string | null {
  for (const [loop, body] of bodies)
    if (body.byId.has(id) || loopAround(body, id) !== null) return steps[loop]?.step.id ?? null;
  return null;
}
