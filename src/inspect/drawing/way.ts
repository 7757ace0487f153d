/** The way that one run took through a drawing, from what happened in it. */
import { endId, failedId, failureId, startId } from './build.ts';
import type { Drawing, DrawingEdge, DrawnEvent } from './drawing.ts';

interface Place {
  /** Among the events. */
  readonly at: number;
  readonly event: DrawnEvent | null;
}

/** Which arrows one run took: each step that starts was led to from the one, of those with an arrow to it, that ended last. */
export class Way {
  readonly #into: ReadonlyMap<string, readonly DrawingEdge[]>;
  readonly #begun = new Map<string, Place>();
  readonly #ended = new Map<string, Place>();
  readonly #taken: Set<DrawingEdge>;

  constructor(drawing: Drawing, taken: Set<DrawingEdge>) {
    this.#into = Map.groupBy(drawing.edges, ({ to }) => to);
    this.#taken = taken;
    for (const id of [startId, failureId]) this.#ended.set(id, { at: -1, event: null });
  }

  follow(events: readonly DrawnEvent[]): void {
    events.forEach((event, at) => {
      const { type, step } = event;
      if (type === 'run.completed') this.#arrive(endId);
      if (type === 'run.failed' || type === 'run.cancelled') this.#arrive(failedId);
      if (step === undefined) return;
      if (type === 'step.started' && (event.attempt ?? 1) === 1) {
        this.#begun.set(step, { at, event });
        this.#arrive(step);
      }
      if (type === 'step.completed' || type === 'step.failed') this.#ended.set(step, { at, event });
    });
  }

  #arrive(at: string): void {
    const edges = (this.#into.get(at) ?? []).filter((edge) => this.#leftAt(edge) !== null);
    const last = edges.reduce<DrawingEdge | null>((best, edge) => {
      if (best === null) return edge;
      return (this.#leftAt(edge) ?? 0) > (this.#leftAt(best) ?? 0) ? edge : best;
    }, null);
    if (last !== null) this.#taken.add(this.#recovered(last, edges));
  }

  /** Where among the events the step before an arrow was over; null: it was not, or led elsewhere. */
  #leftAt({ from, to, kind, labels }: DrawingEdge): number | null {
    const ended = this.#ended.get(from);
    // What recovers a step runs while that step still goes on.
    if (kind === 'error') return ended?.at ?? this.#begun.get(from)?.at ?? null;
    return ended !== undefined && fits({ from, to, kind, labels }, ended.event) ? ended.at : null;
  }

  /** A step that was recovered completes after what recovered it, which is where the way led along. */
  #recovered(edge: DrawingEdge, others: readonly DrawingEdge[]): DrawingEdge {
    const begun = this.#begun.get(edge.from)?.at ?? -1;
    const by = others.find(
      (other) =>
        (this.#into.get(other.from) ?? []).some(({ kind, from }) => kind === 'error' && from === edge.from) &&
        (this.#ended.get(other.from)?.at ?? -1) > begun,
    );
    return by ?? edge;
  }
}

/** Whether a step that ended so leads along this arrow. */
function fits({ kind, labels }: DrawingEdge, event: DrawnEvent | null): boolean {
  if (event === null) return true;
  if (kind === 'compensation') return event.type === 'step.completed';
  if (event.branch === undefined || labels.length === 0) return true;
  return labels.includes(event.branch) || labels.includes('next round');
}
