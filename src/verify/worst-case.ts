/**
 * The most that a run can cost: steps, agent calls, attempts, time and money, over all ways. Bounds from above, by the shape of
 * the definition: routers take their dearest branch, loops and jumps back run to their limit, every attempt fails but the last.
 */
import type { Step, WorkflowDefinition } from '../definition/definition.ts';
import { targetIds } from '../../machines/program.ts';
import { targetsOf } from './targets.ts';

export interface WorstCase {
  /** Steps that run, each as often as it does. */
  readonly steps: number;
  readonly agentCalls: number;
  /** Of work: agent, http, transform and own steps, child workflows. */
  readonly attempts: number;
  /** Milliseconds, timeouts and waits included; null: there is no bound. */
  readonly timeMs: number | null;
  /** Of steps that say what an attempt costs (`metadata: { cost: 0.02 }`); null: no step says so, or there is no bound. */
  readonly cost: number | null;
  /** Why there is no bound, by step. */
  readonly unbounded: readonly string[];
}

interface Sum {
  steps: number;
  agentCalls: number;
  attempts: number;
  timeMs: number;
  cost: number;
}

const nothing: Sum = { steps: 0, agentCalls: 0, attempts: 0, timeMs: 0, cost: 0 };
const fields = ['steps', 'agentCalls', 'attempts', 'timeMs', 'cost'] as const;

export function worstCase(definition: WorkflowDefinition): WorstCase {
  const counter = new Counter(definition);
  const main = counter.sequence(definition.steps);
  const after = counter.sequence(definition.onFailure);
  const undoing = counter.compensations(definition.steps);
  const total = plus(plus(main, after), undoing);
  const limit =
    definition.timeoutMs === null
      ? total.timeMs
      : Math.min(main.timeMs, definition.timeoutMs) + after.timeMs + undoing.timeMs;
  return {
    steps: finite(total.steps),
    agentCalls: finite(total.agentCalls),
    attempts: finite(total.attempts),
    timeMs: Number.isFinite(limit) ? limit : null,
    cost: counter.hasCost && Number.isFinite(total.cost) ? total.cost : null,
    unbounded: [...counter.unbounded],
  };
}

/** Of what has no bound, what one round of it takes is counted. */
function finite(count: number): number {
  return Math.round(count);
}

function plus(a: Sum, b: Sum): Sum {
  return combine(a, b, (x, y) => x + y);
}

function most(a: Sum, b: Sum): Sum {
  return combine(a, b, Math.max);
}

function combine(a: Sum, b: Sum, by: (x: number, y: number) => number): Sum {
  return Object.fromEntries(fields.map((field) => [field, by(a[field], b[field])])) as unknown as Sum;
}

function times(sum: Sum, count: number): Sum {
  return Object.fromEntries(
    fields.map((field) => [field, sum[field] === 0 ? 0 : sum[field] * count]),
  ) as unknown as Sum;
}

class Counter {
  readonly unbounded = new Set<string>();
  hasCost = false;
  readonly #definition: WorkflowDefinition;

  constructor(definition: WorkflowDefinition) {
    this.#definition = definition;
  }

  sequence(steps: readonly Step[]): Sum {
    const alone = steps.map((step) => this.#step(step));
    const index = new Map(steps.map(({ id }, at) => [id, at]));
    const groups = steps.map((step, at) =>
      targetsOf(step).map((target) => targetIds(target).flatMap((id) => later(index, id, at))),
    );
    const exclusive = new Set(groups.flatMap((targets) => targets.flat()));
    let total = nothing;
    steps.forEach((_step, at) => {
      if (!exclusive.has(at)) total = plus(total, alone[at] ?? nothing);
      const dearest = (groups[at] ?? []).map((targets) =>
        targets.reduce((sum, each) => plus(sum, alone[each] ?? nothing), nothing),
      );
      total = plus(total, dearest.reduce(most, nothing));
    });
    for (const [at, step] of steps.entries()) {
      for (const target of targetsOf(step)) {
        for (const id of targetIds(target)) {
          const to = index.get(id);
          if (to === undefined || to > at) continue;
          const again = alone.slice(to, at + 1).reduce(plus, nothing);
          total = plus(total, times(again, this.#definition.maxVisits - 1));
        }
      }
    }
    return total;
  }

  /** Everything that was done is undone. */
  compensations(steps: readonly Step[]): Sum {
    return steps.reduce((sum, step) => {
      const own = step.compensate === null ? nothing : this.#step(step.compensate);
      return plus(sum, plus(own, this.compensations(innerOf(step))));
    }, nothing);
  }

  #step(step: Step): Sum {
    const once = this.#attempt(step);
    const tries = step.retry?.maxAttempts ?? 1;
    const recovery = step.onError.kind === 'recover' ? this.#step(step.onError.step) : nothing;
    const worked = times({ ...once, steps: once.steps - 1 }, tries);
    const timeMs = worked.timeMs + this.#backoff(step);
    const bounded = step.totalTimeoutMs === null ? timeMs : Math.min(timeMs, step.totalTimeoutMs);
    return plus({ ...worked, steps: worked.steps + 1, timeMs: bounded }, recovery);
  }

  #backoff({ retry }: Step): number {
    if (retry === null) return 0;
    let total = 0;
    for (let attempt = 1; attempt < Math.min(retry.maxAttempts, 10_000); attempt++) {
      const factor = retry.backoff === 'fixed' ? 1 : retry.backoff === 'linear' ? attempt : 2 ** (attempt - 1);
      total += Math.min(retry.delayMs * factor, retry.maxDelayMs);
    }
    return total;
  }

  /** One attempt. */
  #attempt(step: Step): Sum {
    const inside = this.#inside(step);
    const isWork = ['agent', 'http', 'transform', 'custom', 'workflow', 'emit'].includes(step.type);
    const own: Sum = {
      steps: 1,
      agentCalls: step.type === 'agent' ? 1 + step.repair : 0,
      attempts: isWork ? 1 : 0,
      timeMs: this.#ownTime(step),
      cost: this.#cost(step),
    };
    const sum = plus(own, inside);
    return step.timeoutMs === null ? sum : { ...sum, timeMs: Math.min(sum.timeMs, step.timeoutMs) };
  }

  #cost({ metadata }: Step): number {
    const cost =
      typeof metadata === 'object' && metadata !== null ? (metadata as { readonly cost?: unknown }).cost : undefined;
    if (typeof cost !== 'number') return 0;
    this.hasCost = true;
    return cost;
  }

  #ownTime(step: Step): number {
    if (step.timeoutMs !== null && isPatient(step)) return step.timeoutMs;
    switch (step.type) {
      case 'wait': {
        if (step.maxWaitMs !== null) return step.maxWaitMs;
        if (step.while === null && typeof step.duration === 'number') return step.duration;
        return this.#noBound(`step '${step.id}' waits for as long as it takes`);
      }
      case 'human':
        return this.#noBound(`step '${step.id}' waits for a person, without a timeout`);
      case 'signal':
        return this.#noBound(`step '${step.id}' waits for a signal, without a timeout`);
      case 'transform':
      case 'emit':
        return 0;
      case 'custom':
        return this.#noBound(`step '${step.id}' has no timeout`);
      case 'workflow':
        return step.mode === 'detach'
          ? 0
          : this.#noBound(`step '${step.id}' waits for another workflow, without a timeout`);
      default:
        return 0;
    }
  }

  #noBound(why: string): number {
    this.unbounded.add(why);
    return Number.POSITIVE_INFINITY;
  }

  #inside(step: Step): Sum {
    switch (step.type) {
      case 'sequential':
        return this.sequence(step.steps);
      case 'parallel': {
        const branches = step.steps.map((branch) => this.#step(branch));
        const sum = branches.reduce(plus, nothing);
        const slots = step.maxConcurrency ?? branches.length;
        const timeMs = slots >= branches.length ? Math.max(0, ...branches.map((each) => each.timeMs)) : sum.timeMs;
        return { ...sum, timeMs };
      }
      case 'loop': {
        const round = this.sequence(step.steps);
        if (step.mode !== 'items') return times(round, step.maxIterations ?? 1);
        const { items } = step;
        const known =
          items?.kind === 'template' && items.template.constant && Array.isArray(items.template.source)
            ? items.template.source.length
            : step.maxIterations;
        if (known !== null)
          return { ...times(round, known), timeMs: round.timeMs * Math.ceil(known / step.concurrency) };
        this.unbounded.add(`loop '${step.id}' has as many rounds as items (bound it: maxIterations); one is counted`);
        return { ...round, timeMs: Number.POSITIVE_INFINITY };
      }
      case 'wait':
        return step.poll === null ? nothing : this.#polls(step, step.poll);
      default:
        return nothing;
    }
  }

  #polls(step: Extract<Step, { type: 'wait' }>, poll: Step): Sum {
    const once = this.#step(poll);
    if (step.maxWaitMs === null) {
      this.unbounded.add(`step '${step.id}' polls for as long as it takes; one poll is counted`);
      return { ...once, timeMs: Number.POSITIVE_INFINITY };
    }
    const looks = Math.floor(step.maxWaitMs / Math.max(1, step.pollIntervalMs)) + 1;
    return { ...times(once, looks), timeMs: 0 };
  }
}

/** Its timeout is how long it waits, not how long a try may take. */
function isPatient({ type }: Step): boolean {
  return !['sequential', 'parallel', 'loop', 'conditional', 'switch', 'wait'].includes(type);
}

function later(index: ReadonlyMap<string, number>, id: string, at: number): readonly number[] {
  const to = index.get(id);
  return to === undefined || to <= at ? [] : [to];
}

function innerOf(step: Step): readonly Step[] {
  return step.type === 'sequential' || step.type === 'parallel' || step.type === 'loop' ? step.steps : [];
}
