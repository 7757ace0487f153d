/**
 * A workflow with its bounds brought down to what matters: a fourth attempt is no other than a third, a fourth round no other
 * than a third. Everything else is as it was written.
 *
 * M1. Bounds are brought down only where nothing reads the count: a loop that counts keeps its limit.
 */
import type { Decision, LoopStep, Step, WorkflowDefinition } from '../definition/definition.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import type { Program } from '../../machines/program.ts';
import { alwaysTrue, readingsOf, stateKeyOf } from './readings.ts';

/** Rounds, attempts and visits that are told apart: none, one, many, and the limit. */
const manyRounds = 3;
/** Rounds of a loop that counts, before exploring gives up on it. */
export const maxCountedRounds = 60;

/** How long timers take. */
export interface Delays {
  /** Of backoffs, waits and polls. */
  readonly usualMs: number;
  /** Of `timeout:<step>`, `total:<step>`, `maxWait:<step>`, `timeout:$run`. */
  of(timer: string): number;
}

export interface Bounding {
  /** What stands in place of decisions. @default they stay */
  readonly decision?: <D extends Decision | null>(given: D) => D;
  /** Whether any signal is what a signal step waits for. @default false */
  readonly takesAnySignal?: boolean;
  /** @default as they are */
  readonly delays?: Delays;
  /** Told of a loop that counts, and whose limit was cut to {@link maxCountedRounds}. */
  readonly onCut?: (loop: string) => void;
}

export function boundedDefinition(definition: WorkflowDefinition, bounding: Bounding): WorkflowDefinition {
  const bounds = new Bounds(countedNames(compileWorkflow(definition).program), bounding);
  const { delays } = bounding;
  return {
    ...definition,
    steps: definition.steps.map((step) => bounds.step(step)),
    onFailure: definition.onFailure.map((step) => bounds.step(step)),
    maxVisits: bounds.countsState ? definition.maxVisits : Math.min(definition.maxVisits, manyRounds),
    timeoutMs: definition.timeoutMs === null || delays === undefined ? definition.timeoutMs : delays.of('timeout:$run'),
  };
}

/** What is counted and looked at: keys of state with a sum of their own, attempts of steps. */
interface Counted {
  readonly state: ReadonlySet<string>;
  readonly attempts: ReadonlySet<string>;
}

function countedNames(program: Program): Counted {
  const readings = readingsOf(program);
  const sums = new Set<string>();
  for (const { step, program: from, place } of readings) {
    if (place !== 'assign') continue;
    for (const assign of from.steps[step]?.step.assign ?? []) {
      if (assign.kind === 'expr' && assign.condition.paths.some((path) => stateKeyOf(path) === assign.key))
        sums.add(assign.key);
    }
  }
  const state = new Set<string>();
  const attempts = new Set<string>();
  for (const { place, paths } of readings) {
    for (const path of paths) {
      const key = stateKeyOf(path);
      if (key !== null && place !== 'assign' && sums.has(key)) state.add(key);
      if (path.segments[0] === 'steps' && path.segments[2] === 'attempts') attempts.add(path.segments[1] ?? '');
    }
  }
  return { state, attempts };
}

class Bounds {
  readonly #counted: Counted;
  readonly #bounding: Bounding;

  constructor(counted: Counted, bounding: Bounding) {
    this.#counted = counted;
    this.#bounding = bounding;
  }

  get countsState(): boolean {
    return this.#counted.state.size > 0;
  }

  step(step: Step): Step {
    const inner = (each: Step): Step => this.step(each);
    const { onError, compensate } = step;
    const base = {
      ...this.#timed(step),
      condition: this.#decision(step.condition),
      retry: this.#retry(step),
      onError: onError.kind === 'recover' ? { ...onError, step: inner(onError.step) } : onError,
      compensate: compensate === null ? null : inner(compensate),
    } as Step;
    switch (base.type) {
      case 'sequential':
      case 'parallel':
        return { ...base, steps: base.steps.map(inner) };
      case 'conditional':
        return { ...base, decide: this.#decision(base.decide) };
      case 'wait':
        return { ...base, while: this.#decision(base.while), poll: base.poll === null ? null : inner(base.poll) };
      case 'loop':
        return { ...base, ...this.#rounds(base), steps: base.steps.map(inner), decide: this.#decision(base.decide) };
      case 'signal':
        return this.#bounding.takesAnySignal === true && base.match !== null ? { ...base, match: alwaysTrue } : base;
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
    const times = this.#counted.attempts.has(id) ? retry.maxAttempts : Math.min(retry.maxAttempts, manyRounds);
    return delays === undefined
      ? { ...retry, maxAttempts: times }
      : { ...retry, maxAttempts: times, delayMs: delays.usualMs, backoff: 'fixed', jitter: 0 };
  }

  #timed(step: Step): Step {
    const { delays } = this.#bounding;
    if (delays === undefined) return step;
    const of = (kind: string, ms: number | null): number | null =>
      ms === null ? null : delays.of(`${kind}:${step.id}`);
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
      duration: typeof timed.duration === 'number' ? delays.usualMs : timed.duration,
      pollIntervalMs: delays.usualMs,
      maxWaitMs: of('maxWait', timed.maxWaitMs),
    };
  }

  /** M1 */
  #rounds(step: LoopStep): Pick<LoopStep, 'maxIterations'> {
    if (step.mode === 'items' || step.maxIterations === null) return { maxIterations: step.maxIterations };
    const paths = step.decide?.kind === 'expression' ? step.decide.condition.paths : [];
    const counts = paths.some((path) => path.segments[0] === 'loop' || this.#counted.state.has(stateKeyOf(path) ?? ''));
    if (!counts) return { maxIterations: Math.min(step.maxIterations, manyRounds) };
    if (step.maxIterations > maxCountedRounds) this.#bounding.onCut?.(step.id);
    return { maxIterations: Math.min(step.maxIterations, maxCountedRounds) };
  }
}
