/** Steps one after another, with the routing among them: branch steps, jumps back, `'end'`, `'break'`, `'continue'`. */
import type { Target } from '../src/definition/definition.ts';
import type { Named, NodeConfig, Transition } from './node-config.ts';
import { stepInfo, type Program, type SequenceInfo, type StepInfo } from './program.ts';
import { isJumpBack } from './record.ts';
import { named, type Body, type StepMaker } from './step.ts';

/** Where a sequence leads when it is over. */
export interface SequenceExits {
  readonly done: Transition;
  failed(child: number): readonly Transition[];
  /** `'end'`: the run ends with its output. */
  readonly end: Transition;
  /** In a loop's body. */
  readonly break?: Transition;
  readonly continue?: Transition;
}

export function sequenceNode(
  maker: StepMaker,
  sequence: SequenceInfo,
  exits: SequenceExits,
): Pick<NodeConfig, 'initial' | 'states'> {
  const { program } = maker;
  const nodes: Record<string, NodeConfig> = {};
  sequence.steps.forEach((index, position) => {
    const info = stepInfo(program, index);
    const next = sequence.steps[position + 1];
    const onward: Transition = next === undefined ? exits.done : { target: `#${stepInfo(program, next).step.id}` };
    nodes[info.step.id] = maker.step(index, {
      onDone: [...routes(program, info, exits), onward],
      failed: exits.failed(index),
    });
  });
  const first = sequence.steps[0];
  if (first === undefined) return { initial: '$empty', states: { $empty: { always: [exits.done] } } };
  return { initial: stepInfo(program, first).step.id, states: nodes };
}

/** The transitions of a router (or of `onError: { goto }`) that lead elsewhere than to the next step. */
function routes(program: Program, info: StepInfo, exits: SequenceExits): readonly Transition[] {
  const { step, index } = info;
  const result: Transition[] = [];
  if (step.type === 'conditional') {
    result.push(...route(program, info, exits, step.then, 'then'), ...route(program, info, exits, step.else, 'else'));
  } else if (step.type === 'switch') {
    for (const each of step.cases) result.push(...route(program, info, exits, each.target, each.key));
    result.push(...route(program, info, exits, step.default, 'default'));
  }
  if (step.type === 'human' && step.onTimeout.kind === 'goto') {
    result.push(...route(program, info, exits, { kind: 'steps', ids: [step.onTimeout.target] }, 'timeout'));
  }
  if (step.onError.kind === 'goto') {
    const id = step.onError.target;
    const guard = named('hasFailed', { step: index });
    if (isJumpBack(program, index, id)) result.push(...jump(program, info, exits, [id], guard));
    else
      result.push({
        guard,
        target: onwardTarget(program, info, exits),
        actions: [named('choose', { step: index, ids: [id] })],
      });
  }
  return result;
}

function onwardTarget(program: Program, info: StepInfo, exits: SequenceExits): string {
  const position = info.sequence?.steps.indexOf(info.index) ?? -1;
  const next = info.sequence?.steps[position + 1];
  return next === undefined ? (exits.done.target as string) : `#${stepInfo(program, next).step.id}`;
}

function route(
  program: Program,
  info: StepInfo,
  exits: SequenceExits,
  target: Target | null,
  branch: string,
): readonly Transition[] {
  if (target === null) return [];
  const guard = named('took', { step: info.index, branch });
  if (target.kind !== 'steps') {
    const exit = exits[target.kind];
    return exit === undefined ? [] : [{ ...exit, guard }];
  }
  return target.ids.some((id) => isJumpBack(program, info.index, id))
    ? jump(program, info, exits, target.ids, guard)
    : [];
}

/** To the earliest target, as a new visit of all steps from there on; the number of visits is bounded. */
function jump(
  program: Program,
  info: StepInfo,
  exits: SequenceExits,
  ids: readonly string[],
  guard: Named,
): readonly Transition[] {
  const to = Math.min(...ids.map((id) => program.byId.get(id) ?? info.index));
  const params = { step: info.index, to };
  const limited = exits.failed(info.index).at(-1);
  return [
    {
      guard: named('took and may jump', { guard, ...params }),
      target: `#${stepInfo(program, to).step.id}`,
      actions: [named('jump', { ...params, ids })],
    },
    { ...limited, guard, actions: [named('limit', params), ...(limited?.actions ?? [])] },
  ];
}

/** The `sequential` type: a group. */
export const sequentialBody: Body = (maker, info, endings) => {
  const sequence = groupSequence(maker.program, info);
  return sequenceNode(maker, sequence, {
    done: endings.success('last'),
    failed: (child) => endings.attemptFailure('child', child),
    end: { target: '#$ending' },
  });
};

/** The steps directly inside a group or a loop's body, in order. */
export function groupSequence(program: Program, info: StepInfo): SequenceInfo {
  const { step } = info;
  const inner = step.type === 'sequential' || step.type === 'loop' || step.type === 'parallel' ? step.steps : [];
  return { steps: inner.map((each) => program.byId.get(each.id) as number) };
}
