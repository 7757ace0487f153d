/**
 * A workflow with its bounds brought down to what matters: a fourth attempt is no other than a third, a fourth round no other
 * than a third. Everything else is as it was written.
 *
 * M1. Bounds are brought down only where nothing reads the count: a loop that counts keeps its limit.
 */
import type {
  Assign,
  Decision,
  LoopStep,
  SignalStep,
  Step,
  SwitchStep,
  Value,
  WorkflowDefinition,
} from '../definition/definition.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import type { Condition } from '../expressions/condition.ts';
import { countsOf, type Counts } from './counting.ts';

/** Rounds, attempts and visits that are told apart: none, one, many, and the limit. */
const manyRounds = 3;
/** Rounds of a loop that counts, before exploring gives up on it. */
export const maxCountedRounds = 60;

/** How long timers take that do not take as long as is written, by name: `backoff:<step>`, `timeout:$run`, ... */
export type Delays = ReadonlyMap<string, number>;

export interface Bounding {
  /** What stands in place of decisions. @default they stay */
  readonly decision?: <D extends Decision | null>(given: D) => D;
  /** What stands in place of the value of switches. @default it stays */
  readonly switched?: (step: SwitchStep) => Value;
  /** What stands in place of an expression that writes to the state. @default it stays */
  readonly assigned?: (assign: Extract<Assign, { readonly kind: 'expr' }>) => Condition;
  /** What stands in place of the `match` of signal steps. @default it stays */
  readonly match?: (step: SignalStep) => Condition;
  /**
   * For a run in which time is the test's: no jitter, no limits among runs, and timers that take longer than is written.
   * @default all as it is written
   */
  readonly delays?: Delays;
  /** Told of a loop that counts, and whose limit was cut to {@link maxCountedRounds}. */
  readonly onCut?: (loop: string) => void;
}

export function boundedDefinition(definition: WorkflowDefinition, bounding: Bounding): WorkflowDefinition {
  const bounds = new Bounds(countsOf(compileWorkflow(definition).program), bounding);
  const { delays } = bounding;
  return {
    ...definition,
    steps: definition.steps.map((step) => bounds.step(step)),
    onFailure: definition.onFailure.map((step) => bounds.step(step)),
    maxVisits: bounds.hasGrowth ? definition.maxVisits : Math.min(definition.maxVisits, manyRounds),
    timeoutMs: definition.timeoutMs === null ? null : (delays?.get('timeout:$run') ?? definition.timeoutMs),
  };
}

class Bounds {
  readonly #counts: Counts;
  readonly #bounding: Bounding;

  constructor(counts: Counts, bounding: Bounding) {
    this.#counts = counts;
    this.#bounding = bounding;
  }

  get hasGrowth(): boolean {
    return this.#counts.growing.size > 0;
  }

  step(step: Step): Step {
    const inner = (each: Step): Step => this.step(each);
    const { onError, compensate } = step;
    const base = {
      ...this.#timed(step),
      condition: this.#decision(step.condition),
      retry: this.#retry(step),
      assign: step.assign.map((each) =>
        each.kind === 'expr' ? { ...each, condition: this.#bounding.assigned?.(each) ?? each.condition } : each,
      ),
      onError: onError.kind === 'recover' ? { ...onError, step: inner(onError.step) } : onError,
      compensate: compensate === null ? null : inner(compensate),
    } as Step;
    switch (base.type) {
      case 'sequential':
      case 'parallel':
        return { ...base, steps: base.steps.map(inner) };
      case 'conditional':
        return { ...base, decide: this.#decision(base.decide) };
      case 'switch':
        return { ...base, value: this.#bounding.switched?.(base) ?? base.value };
      case 'wait':
        return { ...base, while: this.#decision(base.while), poll: base.poll === null ? null : inner(base.poll) };
      case 'loop':
        // Rounds at the same time are explored one after another.
        return {
          ...base,
          ...this.#rounds(base),
          ...(this.#bounding.delays === undefined ? {} : { concurrency: 1 }),
          steps: base.steps.map(inner),
          decide: this.#decision(base.decide),
        };
      case 'signal':
        return { ...base, match: base.match === null ? null : (this.#bounding.match?.(base) ?? base.match) };
      default:
        return base;
    }
  }

  #decision<D extends Decision | null>(given: D): D {
    return this.#bounding.decision?.(given) ?? given;
  }

  #retry({ id, retry }: Step): Step['retry'] {
    if (retry === null) return null;
    const { delays } = this.#bounding;
    const { attempts, writers } = this.#counts;
    const times = attempts.has(id) || writers.has(id) ? retry.maxAttempts : Math.min(retry.maxAttempts, manyRounds);
    const delayMs = delays?.get(`backoff:${id}`);
    return {
      ...retry,
      maxAttempts: times,
      ...(delays === undefined ? {} : { jitter: 0 }),
      ...(delayMs === undefined ? {} : { delayMs, maxDelayMs: delayMs, backoff: 'fixed' }),
    };
  }

  #timed(step: Step): Step {
    const { delays } = this.#bounding;
    if (delays === undefined) return step;
    const of = <Ms extends number | null>(kind: string, ms: Ms): Ms | number =>
      ms === null ? ms : (delays.get(`${kind}:${step.id}`) ?? ms);
    const timed = {
      ...step,
      timeoutMs: of('timeout', step.timeoutMs),
      totalTimeoutMs: of('total', step.totalTimeoutMs),
      // Limits among runs and caches of earlier ones are not a path's business.
      concurrencyLimit: null,
      rateLimit: null,
      cache: null,
    } as Step;
    if (timed.type !== 'wait') return timed;
    return {
      ...timed,
      pollIntervalMs: of('poll', timed.pollIntervalMs),
      maxWaitMs: of('maxWait', timed.maxWaitMs),
    };
  }

  /** M1 */
  #rounds(step: LoopStep): Pick<LoopStep, 'maxIterations'> {
    if (step.mode === 'items' || step.maxIterations === null) return { maxIterations: step.maxIterations };
    const rounds = Math.max(manyRounds, this.#counts.rounds.get(step.id) ?? 0);
    if (rounds > maxCountedRounds && step.maxIterations > maxCountedRounds) this.#bounding.onCut?.(step.id);
    return { maxIterations: Math.min(step.maxIterations, rounds, maxCountedRounds) };
  }
}
