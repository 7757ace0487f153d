/** Whether what a step gave can be there when another step reads it. */
import { quote } from '../describe.ts';
import type { Moment } from '../step-kind.ts';
import { chainOf, isRevisited, type Container, type Node } from './tree.ts';

/** Who reads, and when. */
export interface View {
  /** Null: the workflow's output. */
  readonly node: Node | null;
  readonly moment: Moment;
}

export interface Unavailable {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Null when it can be there. */
export function whyUnavailable(view: View, target: Node): Unavailable | null {
  if (target.container.kind === 'compensation' && target !== view.node) return afterFailure(view, target);
  if (view.node === null) return rootOf(target).kind === 'onFailure' ? onlyAfterFailure(target) : hidden(target, null);
  const meeting = meet(view.node, target);
  if (meeting === null) return rootOf(view.node).kind === 'onFailure' ? hidden(target, null) : onlyAfterFailure(target);
  const { container, reader, read } = meeting;
  if (reader.index === read.index) return sameRepresentative(view.node, view.moment, target, reader);
  if (container.kind === 'branches') return otherBranch(view.node, target, container);
  const concealed = hidden(target, container);
  if (concealed !== null || read.index < reader.index || isRevisited(container, reader.index, read.index))
    return concealed;
  return notYetThere(view.node, target);
}

function notYetThere(from: Node, target: Node): Unavailable {
  const undone = chainOf(from).find((node) => node.container.kind === 'compensation')?.container.owner?.step.id;
  if (undone !== undefined) {
    return {
      code: 'FORWARD_REFERENCE',
      message: `step ${quote(target.step.id)} runs after step ${quote(undone)}: a compensation reads the step it undoes and those before it`,
    };
  }
  return {
    code: 'FORWARD_REFERENCE',
    message: `step ${quote(target.step.id)} runs after step ${quote(from.step.id)}: its output is not there yet`,
    hint: `put step ${quote(target.step.id)} before it`,
  };
}

/** A compensation is seen by onFailure steps only: nothing else runs after it. */
function afterFailure({ node }: View, target: Node): Unavailable | null {
  return node !== null && rootOf(node).kind === 'onFailure' ? hidden(target, null) : onlyAfterFailure(target);
}

interface Meeting {
  readonly container: Container;
  readonly reader: Node;
  readonly read: Node;
}

/** The innermost container that holds both, and what of it holds each. */
function meet(from: Node, target: Node): Meeting | null {
  const targets = chainOf(target);
  for (const reader of chainOf(from)) {
    const read = targets.find((node) => node.container === reader.container);
    if (read !== undefined) return { container: reader.container, reader, read };
  }
  return null;
}

function rootOf(node: Node): Container {
  return (chainOf(node).at(-1) as Node).container;
}

/** One is the other, or inside it. */
function sameRepresentative(from: Node, moment: Moment, target: Node, common: Node): Unavailable | null {
  const again = isRevisited(common.container, common.index, common.index);
  if (target === from) {
    if (again || moment === 'after') return null;
    return {
      code: 'SELF_REFERENCE',
      message: `step ${quote(target.step.id)} refers to itself: its output is not there before it has run`,
    };
  }
  if (common === from) {
    const concealed = hidden(target, from.container);
    if (concealed !== null || again || moment !== 'before') return concealed;
    return {
      code: 'FORWARD_REFERENCE',
      message: `step ${quote(target.step.id)} is inside step ${quote(from.step.id)} and runs after this is read`,
    };
  }
  const isAfter = chainOf(from).some(
    ({ container: { kind, owner } }) => (kind === 'recovery' || kind === 'compensation') && owner === target,
  );
  if (again || isAfter) return null;
  return {
    code: 'ENCLOSING_REFERENCE',
    message: `step ${quote(from.step.id)} is inside step ${quote(target.step.id)}, whose output is not there before it has ended`,
  };
}

/** Steps of items loops are not seen from outside the loop. `container`: where both meet; null: at the top. */
function hidden(target: Node, container: Container | null): Unavailable | null {
  for (const node of chainOf(target)) {
    if (node.container === container) return null;
    const { kind, owner } = node.container;
    if (kind !== 'items' || owner === null) continue;
    return {
      code: 'HIDDEN_IN_LOOP',
      message: `step ${quote(target.step.id)} runs once for each item of loop ${quote(owner.step.id)}: outside the loop only the loop's output can be read`,
      hint: `use {{steps.${owner.step.id}.output}}, a list`,
    };
  }
  return null;
}

function otherBranch(from: Node, target: Node, container: Container): Unavailable {
  const parallel = (container.owner as Node).step.id;
  return {
    code: 'BRANCH_REFERENCE',
    message: `steps ${quote(from.step.id)} and ${quote(target.step.id)} run at the same time, in branches of ${quote(parallel)}`,
    hint: `read it after ${quote(parallel)}, or put both into one sequential step`,
  };
}

function onlyAfterFailure(target: Node): Unavailable {
  return {
    code: 'FORWARD_REFERENCE',
    message: `step ${quote(target.step.id)} runs only after a failure of the workflow`,
  };
}
