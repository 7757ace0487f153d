/** The steps of a definition with their surroundings: which sequence each stands in, and what encloses it. */
import type { Step, WorkflowDefinition } from '../definition.ts';

export type ContainerKind =
  | 'workflow'
  | 'onFailure'
  /** The steps of a `sequential` step. */
  | 'group'
  /** The branches of a `parallel` step. */
  | 'branches'
  /** The body of an `items` loop: each round is a run of its own. */
  | 'items'
  /** The body of a `while` or `until` loop, visited again and again. */
  | 'rounds'
  | 'poll'
  | 'recovery'
  | 'compensation';

export interface Container {
  readonly kind: ContainerKind;
  /** The step it belongs to; null at the top. */
  readonly owner: Node | null;
  readonly nodes: Node[];
  /** Stretches that a jump back runs through again: first and last index. They do not overlap. */
  regions: readonly (readonly [first: number, last: number])[];
}

export interface Node {
  readonly step: Step;
  readonly container: Container;
  /** Its place in the container. */
  readonly index: number;
}

export interface Tree {
  /** In the order of the definition, enclosing steps first. */
  readonly nodes: readonly Node[];
  readonly containers: readonly Container[];
  readonly byId: ReadonlyMap<string, Node>;
  /** The steps that write a var. */
  readonly writers: ReadonlyMap<string, readonly Node[]>;
}

export function createTree(definition: WorkflowDefinition): Tree {
  const tree = {
    nodes: [] as Node[],
    containers: [] as Container[],
    byId: new Map<string, Node>(),
    writers: new Map<string, Node[]>(),
  };
  const addContainer = (kind: ContainerKind, owner: Node | null, steps: readonly Step[]): void => {
    const container: Container = { kind, owner, nodes: [], regions: [] };
    tree.containers.push(container);
    for (const step of steps) addNode(container, step);
  };
  const addNode = (container: Container, step: Step): void => {
    const node: Node = { step, container, index: container.nodes.length };
    container.nodes.push(node);
    tree.nodes.push(node);
    if (!tree.byId.has(step.id)) tree.byId.set(step.id, node);
    if (step.output !== null) {
      const writers = tree.writers.get(step.output);
      if (writers === undefined) tree.writers.set(step.output, [node]);
      else writers.push(node);
    }
    for (const [kind, steps] of insideOf(step)) addContainer(kind, node, steps);
  };
  addContainer('workflow', null, definition.steps);
  addContainer('onFailure', null, definition.onFailure);
  return tree;
}

function insideOf(step: Step): readonly (readonly [ContainerKind, readonly Step[]])[] {
  const others = [
    ...(step.onError.kind === 'recover' ? [['recovery', [step.onError.step]] as const] : []),
    ...(step.compensate === null ? [] : [['compensation', [step.compensate]] as const]),
  ];
  switch (step.type) {
    case 'sequential':
      return [['group', step.steps], ...others];
    case 'parallel':
      return [['branches', step.steps], ...others];
    case 'loop':
      return [[step.mode === 'items' ? 'items' : 'rounds', step.steps], ...others];
    case 'wait':
      return step.poll === null ? others : [['poll', [step.poll]], ...others];
    default:
      return others;
  }
}

/** The node and all that enclose it, innermost first. */
export function chainOf(node: Node): readonly Node[] {
  const chain: Node[] = [];
  for (let current: Node | null = node; current !== null; current = current.container.owner) chain.push(current);
  return chain;
}

/** Whether steps stand in it one after another, so that one can lead to another. */
export function isSequence(container: Container): boolean {
  return ['workflow', 'onFailure', 'group', 'items', 'rounds'].includes(container.kind);
}

/** Whether a stretch of a sequence can run again within the same run, so that outputs of the time before are there. */
export function isRevisited(container: Container, first: number, last: number): boolean {
  if (container.kind === 'rounds' || container.regions.some(([from, to]) => from <= first && last <= to)) return true;
  const { owner, kind } = container;
  return owner !== null && kind !== 'items' && isRevisited(owner.container, owner.index, owner.index);
}
