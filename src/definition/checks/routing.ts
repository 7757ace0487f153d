/** Where steps lead: targets of routers, `goto` and `onTimeout`. Also finds the stretches that jumps back run through again. */
import { joinPath } from '../../core/issue.ts';
import { quote } from '../describe.ts';
import type { Step, Target } from '../definition.ts';
import type { Session } from '../session.ts';
import { chainOf, isSequence, type Container, type Node, type Tree } from './tree.ts';

interface Way {
  readonly path: string;
  readonly target: Target;
  readonly kind: 'router' | 'onError' | 'onTimeout';
}

export function checkRouting(tree: Tree, session: Session): void {
  for (const node of tree.nodes) for (const way of waysOf(node.step)) checkWay(node, way, tree, session);
  for (const node of tree.nodes) if (isRouter(node.step)) checkRouterPlace(node, session);
  for (const container of tree.containers) if (isSequence(container)) container.regions = regionsOf(container);
}

function isRouter(step: Step): boolean {
  return step.type === 'conditional' || step.type === 'switch';
}

function waysOf(step: Step): readonly Way[] {
  const goto: Way[] =
    step.onError.kind === 'goto' ? [wayTo(`${step.path}.onError.goto`, step.onError.target, 'onError')] : [];
  if (step.type === 'human' && step.onTimeout.kind === 'goto')
    return [...goto, wayTo(`${step.path}.onTimeout`, step.onTimeout.target, 'onTimeout')];
  const way = (field: string, target: Target | null): Way[] =>
    target === null ? [] : [{ path: `${step.path}.${field}`, target, kind: 'router' }];
  if (step.type === 'conditional') return [...way('then', step.then), ...way('else', step.else), ...goto];
  if (step.type !== 'switch') return goto;
  return [
    ...step.cases.flatMap((each) => way(joinPath('cases', each.key), each.target)),
    ...way('default', step.default),
    ...goto,
  ];
}

function wayTo(path: string, id: string, kind: Way['kind']): Way {
  return { path, target: { kind: 'steps', ids: [id] }, kind };
}

/** Why a step that leads to itself is a mistake, and what to write instead. */
const insteadOfItself: Readonly<Record<Way['kind'], string>> = {
  router: 'to wait for something use a wait step with a condition',
  onError: "to try a step again use 'retry'",
  onTimeout: "to wait longer give it a longer 'timeout'",
};

function checkRouterPlace(node: Node, { issues }: Session): void {
  const { step, container } = node;
  if (isSequence(container)) return;
  const owner = container.owner as Node;
  const hint = `put it into a sequential step, together with the steps it leads to`;
  if (container.kind === 'branches') {
    issues.add(
      'ROUTER_IN_PARALLEL',
      step.path,
      `a ${step.type} step cannot be a branch of parallel step ${quote(owner.step.id)}: branches have no order`,
      { hint },
    );
  } else {
    const where = container.kind === 'poll' ? 'a poll step' : 'a recovery step';
    issues.add('ROUTER_MISPLACED', step.path, `a ${step.type} step cannot be ${where}: there are no steps beside it`, {
      hint,
    });
  }
}

function checkWay(node: Node, way: Way, tree: Tree, session: Session): void {
  if (way.target.kind !== 'steps') {
    checkExit(node, way.path, way.target.kind, session);
    return;
  }
  const { ids } = way.target;
  ids.forEach((id, index) => {
    checkTarget(node, { ...way, path: ids.length === 1 ? way.path : joinPath(way.path, index) }, id, tree, session);
  });
}

function checkTarget(node: Node, { path, kind }: Way, id: string, tree: Tree, { issues, declaredIds }: Session): void {
  if (id === node.step.id) {
    issues.add('TARGET_ITSELF', path, `step ${quote(id)} cannot lead to itself`, {
      hint: insteadOfItself[kind],
    });
    return;
  }
  const target = tree.byId.get(id);
  if (target === undefined) {
    if (!declaredIds.has(id))
      issues.add(
        'UNKNOWN_STEP',
        path,
        `unknown step: step ${quote(id)} does not exist`,
        issues.didYouMean(id, siblingIds(node.container)),
      );
    return;
  }
  if (kind !== 'router' && !isSequence(node.container)) {
    issues.add('TARGET_NOT_SIBLING', path, 'a branch cannot lead to another step: branches have no order', {
      hint: 'put the steps into a sequential step',
    });
  } else if (target.container !== node.container) {
    const where = target.container.owner === null ? 'at the top' : `inside ${quote(target.container.owner.step.id)}`;
    issues.add(
      'TARGET_NOT_SIBLING',
      path,
      `step ${quote(id)} is ${where}: a step leads only to steps of its own sequence`,
      {
        ...(siblingIds(node.container).length > 1 ? { hint: 'put it beside this step' } : {}),
      },
    );
  }
}

function siblingIds(container: Container): readonly string[] {
  return container.nodes.map((node) => node.step.id);
}

function checkExit(node: Node, path: string, word: 'end' | 'break' | 'continue', { issues }: Session): void {
  const loop =
    chainOf(node).find(({ container }) => container.kind === 'items' || container.kind === 'rounds')?.container.owner ??
    null;
  if (word === 'end') {
    if (loop === null) return;
    issues.add(
      'END_IN_LOOP',
      path,
      `'end' cannot stand inside loop ${quote(loop.step.id)}: a round does not end the run`,
      { hint: "'break' ends the loop, 'continue' the round" },
    );
  } else if (loop === null) {
    issues.add('NOT_IN_LOOP', path, `'${word}' stands outside of a loop`, { hint: "'end' ends the run" });
  } else if (node.container.owner !== loop) {
    issues.add('NOT_IN_LOOP', path, `'${word}' must stand directly in the body of loop ${quote(loop.step.id)}`, {
      hint: 'move the router out of the group',
    });
  }
}

function regionsOf(container: Container): readonly (readonly [number, number])[] {
  const indexes = new Map(container.nodes.map((node) => [node.step.id, node.index]));
  const jumps = container.nodes.flatMap((node) =>
    waysOf(node.step).flatMap(({ target }) =>
      (target.kind === 'steps' ? target.ids : []).flatMap((id): (readonly [number, number])[] => {
        const to = indexes.get(id);
        return to !== undefined && to < node.index ? [[to, node.index]] : [];
      }),
    ),
  );
  return merge(jumps);
}

/** Overlapping stretches as one. */
function merge(stretches: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const merged: [number, number][] = [];
  for (const [first, last] of stretches.toSorted((a, b) => a[0] - b[0])) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1]) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}
