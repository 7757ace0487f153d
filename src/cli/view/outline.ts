/** The steps of a definition as a tree to show: what stands in what, and what is only shown once it happens. */
import { createTree, type ContainerKind } from '../../definition/checks/tree.ts';
import type { Step, WorkflowDefinition } from '../../definition/index.ts';

export interface OutlineNode {
  readonly id: string;
  readonly parent: string | null;
  readonly children: readonly string[];
  /** The sequence it stands in, and its place there: a jump back to it runs through what follows again. Null: a branch. */
  readonly sequence: readonly string[] | null;
  readonly place: number;
  /** `agent researcher`, `parallel`, ... */
  readonly label: string;
  /** Counts the first; null: as often as the default policy says. */
  readonly maxAttempts: number | null;
  /** Not part of the planned way: a recovery, a compensation, what follows a failure, what a waiting step asks. */
  readonly isExtra: boolean;
  readonly isItemsLoop: boolean;
}

export interface Outline {
  /** In the order of the definition, enclosing steps first. */
  readonly nodes: ReadonlyMap<string, OutlineNode>;
  readonly roots: readonly string[];
}

/** @param agentName what to call an agent; the name or id that the definition has by default */
export function createOutline(definition: WorkflowDefinition, agentName: (id: string) => string = shortId): Outline {
  const tree = createTree(definition);
  // The body of an items loop is left out: its rounds are runs of their own.
  const isInRounds = (node: (typeof tree.nodes)[number]): boolean => {
    const { kind, owner } = node.container;
    return kind === 'items' || (owner !== null && isInRounds(owner));
  };
  const members = new Map(tree.containers.map((container) => [container, container.nodes.map((each) => each.step.id)]));
  const children = new Map<string, string[]>();
  const nodes = new Map<string, OutlineNode>();
  const roots: string[] = [];
  for (const node of tree.nodes) {
    if (isInRounds(node)) continue;
    const { container, step } = node;
    const parent = container.owner?.step.id ?? null;
    (parent === null ? roots : (children.get(parent) ?? [])).push(step.id);
    children.set(step.id, []);
    nodes.set(step.id, {
      id: step.id,
      parent,
      children: children.get(step.id) ?? [],
      sequence: container.kind === 'branches' ? null : (members.get(container) ?? null),
      place: node.index,
      label: labelOf(step, agentName),
      maxAttempts: step.retry?.maxAttempts ?? null,
      isExtra: extras.has(container.kind),
      isItemsLoop: step.type === 'loop' && step.mode === 'items',
    });
  }
  return { nodes, roots };
}

const extras: ReadonlySet<ContainerKind> = new Set(['onFailure', 'poll', 'recovery', 'compensation']);

function labelOf(step: Step, agentName: (id: string) => string): string {
  if (step.type === 'agent') return `agent ${agentName(step.agentId)}`;
  if (step.type === 'http') return `http ${step.method}`;
  return step.type === 'custom' ? step.name : step.type;
}

/** A UUID tells nothing: its beginning is enough. */
function shortId(id: string): string {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(id) ? id.slice(0, 8) : id;
}
