/** Branches side by side: regions of one parallel state, with a queue (`maxConcurrency`) and ways to join. */
import type { NodeConfig, Transition } from './node-config.ts';
import { stepInfo } from './program.ts';
import { groupSequence } from './sequence.ts';
import { named, type Body, type Exits, type StepMaker } from './step.ts';

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
    const { id, totalTimeoutMs } = stepInfo(program, branch).step;
    const exits: Exits = { onDone: joined, failed };
    if (step.maxConcurrency === null || step.maxConcurrency >= branches.length) {
      regions[id] = maker.step(branch, exits);
      continue;
    }
    const queue = { guard: named('hasSlot', { step: index, branch }) };
    if (totalTimeoutMs === null) regions[id] = maker.step(branch, exits, queue);
    else regions[`$${id}`] = queued(maker, branch, exits, queue);
  }
  const success = endings.success('branches', { guard: named('branchesSucceeded', { step: index }) });
  return { type: 'parallel', states: regions, onDone: [success, ...endings.attemptFailure('branches')] };
};

/** A queue around the branch: its total time begins when it leaves the queue. */
function queued(maker: StepMaker, branch: number, { onDone, failed }: Exits, queue: Transition): NodeConfig {
  const { id } = stepInfo(maker.program, branch).step;
  return {
    initial: '$queued',
    states: {
      $queued: { always: [{ ...queue, target: id }] },
      [id]: maker.step(branch, { onDone: [...onDone, { target: '$ended' }], failed }, 'left'),
      $ended: { type: 'final' },
    },
  };
}
