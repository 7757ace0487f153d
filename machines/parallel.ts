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
  const cancelRest = named('cancelOpen', { step: index });
  const joined = step.join === 'all' ? [] : [endings.success('branches', { guard: named('isJoined', { step: index }), actions: [cancelRest] })];
  const regions: Record<string, NodeConfig> = {};
  for (const branch of branches) {
    const failed = step.failFast ? endings.failure('child', { child: branch, actions: [cancelRest] }) : null;
    const queue =
      step.maxConcurrency === null || step.maxConcurrency >= branches.length
        ? undefined
        : { guard: named('hasSlot', { step: index, branch }) };
    regions[stepInfo(program, branch).step.id] = maker.step(branch, { onDone: joined, failed }, queue);
  }
  const failure = endings.failure('branches', { guard: named('branchesFailed', { step: index }) });
  return { type: 'parallel', states: regions, onDone: [failure, endings.success('branches')] };
};
