/** Makes the drawing of a definition: boxes in the order of the definition, arrows as `routes.ts` finds them. */
import { compileWorkflow } from '../../../machines/workflow.ts';
import type { Program } from '../../../machines/program.ts';
import type { Step, WorkflowDefinition } from '../../definition/definition.ts';
import type { Drawing, DrawingEdge, DrawingNode, EdgeKind, NodeKind, NodeRole } from './drawing.ts';
import { isImplied, routesOf, type Hop } from './routes.ts';
import { decisionText, detailOf, notesOf, shortId, typeOf } from './step-texts.ts';

/** Ids of what is no step; no step's id begins so. */
export const startId = '$start';
export const endId = '$end';
export const failureId = '$failure';
export const failedId = '$failed';
const onFailureId = '$onFailure';

/** Any definition can be drawn. @param agentName what to call an agent; its name, or the beginning of its id, by default */
export function createDrawing(definition: WorkflowDefinition, agentName: (id: string) => string = shortId): Drawing {
  const { name, title, version, description } = definition;
  const builder = new Builder(branchesOf(compileWorkflow(definition).program), agentName);
  builder.workflow(definition);
  return { name, title: title ?? name, version, description, nodes: builder.nodes, edges: builder.edges };
}

/** Ids of the steps that run only when a router chose them, in the rounds of loops too. */
function branchesOf(program: Program): ReadonlySet<string> {
  const own = program.steps.flatMap(({ step, isBranch }) => (isBranch ? [step.id] : []));
  return new Set([...own, ...[...program.bodies.values()].flatMap((body) => [...branchesOf(body)])]);
}

/** An arrow that knows where it comes from, and not yet where it goes. */
interface Loose {
  readonly from: string;
  readonly kind: EdgeKind;
  readonly label: string | null;
}

/** What surrounds a sequence. */
interface Around {
  readonly parent: string | null;
  /** Where `'end'` leads. */
  readonly end: string;
  /** First step of the loop whose body it is, to which `'continue'` leads back; null: of a loop over items, or of none. */
  readonly first: string | null;
}

class Builder {
  readonly nodes: DrawingNode[] = [];
  readonly #edges = new Map<string, { edge: Omit<DrawingEdge, 'labels'>; labels: string[] }>();
  readonly #branches: ReadonlySet<string>;
  readonly #agentName: (id: string) => string;

  constructor(branches: ReadonlySet<string>, agentName: (id: string) => string) {
    this.#branches = branches;
    this.#agentName = agentName;
  }

  get edges(): readonly DrawingEdge[] {
    return [...this.#edges.values()].map(({ edge, labels }) => ({ ...edge, labels }));
  }

  workflow({ steps, onFailure }: WorkflowDefinition): void {
    this.#point(startId, 'start', 'start', null);
    const first = { from: startId, kind: 'flow', label: null } as const;
    const loose = this.#sequence(steps, [first], { parent: null, end: endId, first: null });
    this.#point(endId, 'end', 'end', null);
    this.#join(loose, endId);
    if (onFailure.length > 0) this.#onFailure(onFailure);
  }

  #onFailure(steps: readonly Step[]): void {
    this.nodes.push({
      ...bare,
      id: onFailureId,
      kind: 'group',
      role: 'step',
      parent: null,
      label: 'when the run fails',
    });
    this.#point(failureId, 'failure', 'failure', onFailureId);
    const first = { from: failureId, kind: 'flow', label: null } as const;
    const loose = this.#sequence(steps, [first], { parent: onFailureId, end: failedId, first: null });
    this.#point(failedId, 'failed', 'failed', onFailureId);
    this.#join(loose, failedId);
  }

  /** Draws the steps of a sequence; gives the arrows that leave it at its end. */
  #sequence(steps: readonly Step[], entry: readonly Loose[], around: Around): readonly Loose[] {
    const recoveries = steps.map((step) => this.#step(step, around.parent, 'step', steps));
    const first = steps[0];
    if (first === undefined) return entry;
    this.#join(entry, first.id);
    const done: Loose[] = [];
    for (const hop of routesOf(steps, ({ id }) => this.#branches.has(id))) {
      const leaving = loosened(hop, steps[hop.from] as Step, recoveries[hop.from] ?? null);
      if (typeof hop.to === 'number') this.#join(leaving, (steps[hop.to] as Step).id);
      else if (hop.to === 'done') done.push(...leaving);
      else this.#leave(leaving, hop.to, around);
    }
    return done;
  }

  /** By `'end'`, `'break'` or `'continue'`. Arrows never cross the border of a group: what leads out of it has a point of its own inside. */
  #leave(leaving: readonly Loose[], to: 'end' | 'break' | 'continue', { parent, end, first }: Around): void {
    if (to === 'continue' && first !== null) this.#join(leaving.map(asBack), first);
    else if (to === 'end' && (parent === null || end !== endId)) this.#join(leaving, end);
    else if (to === 'end') this.#join(leaving, this.#pointIn(parent, 'end', 'end of the run'));
    else if (to === 'break') this.#join(leaving, this.#pointIn(parent, 'break', 'out of the loop'));
    else this.#join(leaving, this.#pointIn(parent, 'next', 'next item'));
  }

  #pointIn(parent: string | null, kind: 'end' | 'break' | 'next', label: string): string {
    const id = `$${kind}:${parent ?? ''}`;
    if (!this.nodes.some((node) => node.id === id)) this.#point(id, kind, label, parent);
    return id;
  }

  /** Draws a step with all that belongs to it; gives the id of the step that recovers it, if one does. */
  #step(step: Step, parent: string | null, role: NodeRole, siblings: readonly Step[] = []): string | null {
    const inner = innerOf(step);
    const detail = detailOf(step, this.#agentName);
    this.nodes.push({
      id: step.id,
      kind: inner.length > 0 ? 'group' : 'step',
      role,
      type: typeOf(step),
      parent,
      isParallel: step.type === 'parallel',
      label: step.id,
      detail: detail?.text ?? null,
      isCode: detail?.isCode ?? false,
      condition: step.condition === null || isImplied(step, siblings) ? null : decisionText(step.condition).text,
      notes: notesOf(step),
      description: descriptionOf(step),
    });
    this.#inside(step, inner);
    return this.#beside(step, parent);
  }

  #inside(step: Step, inner: readonly Step[]): void {
    const around: Around = { parent: step.id, end: endId, first: null };
    if (step.type === 'parallel') for (const branch of inner) this.#step(branch, step.id, 'step');
    else if (step.type === 'wait') for (const poll of inner) this.#step(poll, step.id, 'poll');
    else if (step.type === 'loop') this.#body(step.mode === 'items', inner, around);
    else this.#sequence(inner, [], around);
  }

  /** The next item of a loop over items begins by itself: its rounds go on side by side. */
  #body(isItems: boolean, inner: readonly Step[], around: Around): void {
    const first = inner[0];
    if (first === undefined) return;
    const done = this.#sequence(inner, [], { ...around, first: isItems ? null : first.id });
    const next = `$next:${around.parent ?? ''}`;
    if (!isItems) this.#join(done.map(nextRound), first.id);
    else if (this.nodes.some(({ id }) => id === next)) this.#join(done, next);
  }

  /** What recovers and what undoes the step stand beside it. */
  #beside(step: Step, parent: string | null): string | null {
    if (step.compensate !== null) {
      this.#step(step.compensate, parent, 'compensation');
      this.#join([{ from: step.id, kind: 'compensation', label: 'undo' }], step.compensate.id);
    }
    if (step.onError.kind !== 'recover') return null;
    const recovery = step.onError.step;
    this.#step(recovery, parent, 'recovery');
    this.#join([{ from: step.id, kind: 'error', label: 'on error' }], recovery.id);
    return recovery.id;
  }

  #point(id: string, kind: NodeKind, label: string, parent: string | null): void {
    this.nodes.push({ ...bare, id, kind, role: 'step', parent, label });
  }

  #join(loose: readonly Loose[], to: string): void {
    for (const { from, kind, label } of loose) {
      const key = JSON.stringify([from, to, kind]);
      const found = this.#edges.get(key) ?? { edge: { from, to, kind }, labels: [] };
      this.#edges.set(key, found);
      if (label !== null && !found.labels.includes(label)) found.labels.push(label);
    }
  }
}

const bare = {
  type: null,
  isParallel: false,
  detail: null,
  isCode: false,
  condition: null,
  notes: [],
  description: null,
} as const;

/** Of a wait with a poll step, a group, a parallel step, a loop. */
function innerOf(step: Step): readonly Step[] {
  if (step.type === 'wait') return step.poll === null ? [] : [step.poll];
  return step.type === 'sequential' || step.type === 'parallel' || step.type === 'loop' ? step.steps : [];
}

/** A hop leaves from the step's own box; what is as if the step had completed, from the step that recovers it too. */
function loosened({ outcome, isBack }: Hop, step: Step, recovery: string | null): readonly Loose[] {
  const kind = isBack && outcome.kind === 'flow' ? 'back' : outcome.kind;
  const own: Loose = { from: step.id, kind, label: outcome.label };
  const recovered: readonly Loose[] = recovery === null ? [] : [{ from: recovery, kind: 'flow', label: null }];
  if (outcome.isRecovered === true) return recovered;
  return outcome.kind === 'flow' && outcome.target === null ? [own, ...recovered] : [own];
}

function nextRound(loose: Loose): Loose {
  const kind = loose.kind === 'flow' ? 'back' : loose.kind;
  return { ...loose, kind, label: loose.label ?? 'next round' };
}

function asBack(loose: Loose): Loose {
  return { ...loose, kind: 'back' };
}

function descriptionOf({ metadata }: Step): string | null {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return null;
  const text = (metadata as Readonly<Record<string, unknown>>)['description'];
  return typeof text === 'string' && text.trim() !== '' ? text : null;
}
