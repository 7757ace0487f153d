/** Actions of routers: what they choose, and jumps back. */
import type { Change, StepParams } from './change.ts';
import { stepInfo, type Program } from './program.ts';
import { markChosen, patch, resetFrom } from './record.ts';
import { limitError } from './settle.ts';

export function routeChanges(program: Program): Record<string, Change> {
  return {
    choose: ({ context }, { step, ids }: StepParams & { readonly ids: readonly string[] }) =>
      markChosen(program, context, step, ids),
    jump: ({ context }, { step, to, ids }: StepParams & { readonly to: number; readonly ids: readonly string[] }) => {
      const sequence = stepInfo(program, step).sequence?.steps ?? [];
      const reset = { ...context, ...resetFrom(program, context, sequence, to) };
      // What comes after the router is chosen, or not, when it decides again.
      const before = ids.filter(
        (id) => (program.byId.get(id) as number) < step && stepInfo(program, program.byId.get(id) as number).isBranch,
      );
      return { ...reset, ...markChosen(program, reset, step, before) };
    },
    limit: ({ context }, { step, to }: StepParams & { readonly to: number }) => {
      const { id } = stepInfo(program, to).step;
      const error = limitError(
        `step '${id}' was visited ${program.definition.maxVisits} times; a jump back to it is refused (maxVisits)`,
        id,
      );
      return patch(context, step, { status: 'failed', error });
    },
  };
}
