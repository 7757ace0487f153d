/** Where a run stands in its chart, as text and as steps. Owns no data: what is read of that is in `live-facts.ts`. */
import type { RunState } from '../core/run-state.ts';
import type { RunContext } from '../../machines/context.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { recordOf } from '../../machines/record.ts';
import { isTolerant } from '../../machines/step.ts';

interface StateNodeLike {
  readonly type: string;
  readonly key: string;
  readonly parent?: StateNodeLike;
  readonly meta?: { readonly step?: string };
}

/** The steps in which a run stands; `isOver`: it has come to an end within its sequence or branch. */
export function positionsOf(
  program: Program,
  run: RunState,
): readonly { readonly step: number; readonly isOver: boolean }[] {
  const nodes = (run.snapshot as unknown as { readonly _nodes: readonly StateNodeLike[] })._nodes;
  return nodes.flatMap((leaf) => {
    if (leaf.type !== 'atomic' && leaf.type !== 'final') return [];
    let node: StateNodeLike | undefined = leaf;
    while (node !== undefined && node.meta?.step === undefined) {
      if (node.key === '$boot' || node.key === '$starting')
        return program.main.steps.slice(0, 1).map((step) => ({ step, isOver: false }));
      node = node.parent;
    }
    const step = program.byId.get(node?.meta?.step ?? '');
    return step === undefined ? [] : [{ step, isOver: leaf.type === 'final' && leaf.parent === node }];
  });
}

/** The value of the chart, branches that have ended by what they mean for the whole only. */
export function shapeOf(program: Program, context: RunContext, value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => {
      const index = program.byId.get(key);
      const step = index === undefined ? undefined : stepInfo(program, index).step;
      const branches = step?.type === 'parallel' ? (inner as { readonly $running?: object }).$running : undefined;
      return `${key}{${branches === undefined ? shapeOf(program, context, inner) : branchesOf(program, context, branches, step?.type === 'parallel' && step.join === 'all')}}`;
    })
    .join('');
}

function branchesOf(program: Program, context: RunContext, branches: object, isAll: boolean): string {
  let completed = 0;
  let failed = 0;
  const open: string[] = [];
  for (const [key, value] of Object.entries(branches)) {
    if (!ends.has(value)) {
      open.push(`${key}[${shapeOf(program, context, value)}]`);
      continue;
    }
    // Not by the chart: a branch that had a queue around it is `$ended`, however it ended.
    const index = program.byId.get(key.replace(/^\$/, '')) ?? -1;
    const { status } = recordOf(context, index);
    if (status === 'completed') completed += 1;
    else if (status === 'failed' && !isTolerant(stepInfo(program, index).step)) failed += 1;
  }
  const verdict = isAll ? (failed > 0 ? 'failed' : '') : `${completed}/${failed}`;
  return `${verdict}:${open.join('')}`;
}

const ends: ReadonlySet<unknown> = new Set(['$completed', '$failed', '$skipped', '$ended']);
