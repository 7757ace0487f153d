/** Writes that run at the same time: which of two values would stay must not be a matter of luck. */
import { joinPath } from '../../core/issue.ts';
import { quote } from '../describe.ts';
import type { Step } from '../definition.ts';
import type { Session } from '../session.ts';
import { chainOf, type Container, type Node, type Tree } from './tree.ts';

export function checkWrites(tree: Tree, session: Session): void {
  const inside = nodesByContainer(tree);
  for (const container of tree.containers) if (container.kind === 'branches') checkBranches(container, inside, session);
  for (const node of tree.nodes) checkRounds(node, session);
}

interface Write {
  readonly branch: number;
  readonly path: string;
  readonly step: string;
  /** Overwrites; others add to what is there. */
  readonly overwrites: boolean;
}

/** All steps inside a container, at any depth, with the index of the container's own step that holds each. */
function nodesByContainer(
  tree: Tree,
): ReadonlyMap<Container, readonly { readonly node: Node; readonly branch: number }[]> {
  const result = new Map<Container, { node: Node; branch: number }[]>();
  for (const node of tree.nodes) {
    for (const holder of chainOf(node)) {
      if (holder.container.kind !== 'branches') continue;
      const entries = result.get(holder.container) ?? [];
      entries.push({ node, branch: holder.index });
      result.set(holder.container, entries);
    }
  }
  return result;
}

function checkBranches(container: Container, inside: ReturnType<typeof nodesByContainer>, session: Session): void {
  const states = new Map<string, Write[]>();
  const vars = new Map<string, Write[]>();
  for (const { node, branch } of inside.get(container) ?? []) {
    for (const assign of node.step.assign) {
      const path = joinPath(`${node.step.path}.assign`, assign.key);
      push(states, assign.key, { branch, path, step: node.step.id, overwrites: assign.kind === 'set' });
    }
    if (node.step.output !== null && !isInRound(node, container)) {
      push(vars, node.step.output, { branch, path: `${node.step.path}.output`, step: node.step.id, overwrites: true });
    }
  }
  const parallel = (container.owner as Node).step;
  for (const [key, writes] of states)
    report(`key ${quote(key)} of state`, 'use append, merge or an expr', writes, parallel, session);
  for (const [name, writes] of vars)
    report(`var ${quote(name)}`, 'give each output a name of its own', writes, parallel, session);
}

/** Vars of rounds of items loops stay in their round. */
function isInRound(node: Node, container: Container): boolean {
  for (const holder of chainOf(node)) {
    if (holder.container === container) return false;
    if (holder.container.kind === 'items') return true;
  }
  return false;
}

function push(map: Map<string, Write[]>, key: string, write: Write): void {
  const writes = map.get(key);
  if (writes === undefined) map.set(key, [write]);
  else writes.push(write);
}

function report(what: string, hint: string, writes: readonly Write[], parallel: Step, { issues }: Session): void {
  const [first] = writes;
  const other = writes.find((write) => write.branch !== first?.branch);
  if (first === undefined || other === undefined || !writes.some((write) => write.overwrites)) return;
  const message = `steps ${quote(first.step)} and ${quote(other.step)} both write ${what}, in branches of ${quote(parallel.id)} that run at the same time`;
  issues.add('CONFLICTING_WRITES', other.path, message, { hint });
}

function checkRounds({ step, container }: Node, { issues }: Session): void {
  const loop = loopOf(container);
  if (loop === null || loop.concurrency === 1) return;
  for (const assign of step.assign) {
    if (assign.kind !== 'set') continue;
    issues.add(
      'CONFLICTING_WRITES',
      joinPath(`${step.path}.assign`, assign.key),
      `the rounds of loop ${quote(loop.id)} run at the same time and overwrite key ${quote(assign.key)} of state`,
      { hint: 'use append, merge or an expr' },
    );
  }
}

/** The innermost items loop around a container. */
function loopOf(container: Container): (Step & { readonly type: 'loop' }) | null {
  for (let current: Container | undefined = container; current !== undefined; current = current.owner?.container) {
    if (current.kind === 'items' && current.owner?.step.type === 'loop') return current.owner.step;
  }
  return null;
}
