/** Branches side by side: regions of one parallel state, with a queue (`maxConcurrency`) and ways to join. */
import type { NodeConfig } from './node-config.ts';
import { stepInfo } from './program.ts';
import { groupSequence } from './sequence.ts';
import { named, type Body } from './step.ts';

export const parallelBody: Body = (maker, info, endings) => {
  const { step, index } = info;
  if (step.type !== 'parallel') throw new TypeError(step.type);
  const { program } = maker;
  const branches = groupSequence(program, info).steps;
  const joined =
    step.join === 'all'
      ? []
      : [
          endings.success('branches', {
            guard: named('isJoined', { step: index }),
            actions: [named('cancelOpen', { step: index })],
          }),
        ];
  const regions: Record<string, NodeConfig> = {};
  for (const branch of branches) {
    const failed = step.failFast ? endings.attemptFailure('child', branch) : null;
    const queue =
      step.maxConcurrency === null || step.maxConcurrency >= branches.length
        ? undefined
        : { guard: named('hasSlot', { step: index, branch }) };
    regions[stepInfo(program, branch).step.id] = maker.step(branch, { onDone: joined, failed }, queue);
  }
  const success = endings.success('branches', { guard: named('branchesSucceeded', { step: index }) });
  return { type: 'parallel', states: regions, onDone: [success, ...endings.attemptFailure('branches')] };
};
