/**
 * A workflow made from a seed: routers that jump both ways, groups, loops, parallel steps, failures and what mends them, state. The
 * world that it runs in is in `any-world.ts`.
 */
import type { LooseStep, LooseWorkflow } from '../support/flow.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { hash } from './any-world.ts';
import { WideSteps } from './wide-steps.ts';

type Draft = Record<string, unknown> & { readonly id: string };

export interface AnyFlowOptions {
  /** Whether what happens may depend on how long something takes. @default true */
  readonly timed?: boolean;
  /** Whether it needs more of the world than answers: people, signals, other workflows, functions. @default false */
  readonly wide?: boolean;
}

export class AnyFlow {
  readonly #random: SeededRandom;
  readonly #isTimed: boolean;
  readonly #wide: WideSteps | null;
  #count = 0;

  constructor(seed: number, { timed = true, wide = false }: AnyFlowOptions = {}) {
    this.#random = new SeededRandom(hash(`flow ${seed}`));
    this.#isTimed = timed;
    this.#wide = wide
      ? new WideSteps({
          below: (n) => this.#below(n),
          id: (kind) => this.#id(kind),
          tag: (seen) => this.#tag(seen),
          condition: (seen) => this.#condition(seen),
          common: (seen) => this.#common(seen),
        })
      : null;
  }

  make(): LooseWorkflow {
    return {
      state: { n: 0, log: [] },
      missing: this.#chance(0.9) ? 'empty' : 'error',
      maxVisits: 3,
      steps: this.#sequence([], 3 + this.#below(4), 3, false),
      ...(this.#chance(0.5) ? { output: { n: '{{state.n}}', log: '{{state.log}}' } } : {}),
      ...(this.#isTimed && this.#chance(0.2) ? { timeout: 400_000 } : {}),
      ...(this.#chance(0.2) ? { onFailure: [without(this.#agent([]), 'compensate')] } : {}),
      ...(this.#chance(0.3) ? { onStepComplete: { '*': () => undefined } } : {}),
      ...(this.#chance(0.15)
        ? {
            onStepError: {
              '*': (_step: string, error: { readonly code: string }) =>
                error.code === 'TERMINAL' ? 'mended' : undefined,
            },
          }
        : {}),
      ...this.#wide?.ofWorkflow(),
    };
  }

  #below(n: number): number {
    return Math.floor(this.#random.next() * n);
  }

  #chance(share: number): boolean {
    return this.#random.next() < share;
  }

  #one<T>(...choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T;
  }

  #id(kind: string): string {
    this.#count += 1;
    return `${kind}${this.#count}`;
  }

  /** @param seen steps whose outputs may be read */
  #sequence(seen: readonly string[], length: number, depth: number, isRound: boolean): LooseStep[] {
    const steps: Draft[] = [];
    const visible = [...seen];
    for (let at = 0; at < length; at++) {
      const step = this.#step(visible, depth, isRound, length > 1);
      steps.push(step);
      visible.push(step.id);
    }
    this.#route(steps, isRound);
    return steps;
  }

  /** Turns some steps into routers between their siblings, and lets failures lead elsewhere. */
  #route(steps: Draft[], isRound: boolean): void {
    steps.forEach((step, at) => {
      const others = steps.filter((each) => each !== step).map(({ id }) => id);
      if (others.length === 0) {
        if (step['onTimeout'] === 'elsewhere') step['onTimeout'] = 'fail';
        return;
      }
      const back = steps.slice(0, at).map(({ id }) => id);
      const target = (): unknown => {
        if (this.#chance(0.05)) return isRound ? this.#one('break', 'continue') : 'end';
        return this.#one(...others, ...back);
      };
      if (step['type'] === 'conditional') {
        step['then'] = target();
        if (this.#chance(0.7)) step['else'] = target();
      } else if (step['type'] === 'switch') {
        step['cases'] = { good: target(), 1: target() };
        if (this.#chance(0.7)) step['default'] = target();
      } else if (step['type'] === 'human' && step['onTimeout'] === 'elsewhere') {
        step['onTimeout'] = { goto: this.#one(...others) };
      } else if (this.#chance(0.1)) step['onError'] = { goto: this.#one(...others) };
    });
  }

  #step(seen: readonly string[], depth: number, isRound: boolean, hasSiblings: boolean): Draft {
    const kinds = [
      'agent',
      'agent',
      'agent',
      'agent',
      'transform',
      'wait',
      ...(hasSiblings ? ['conditional', 'switch'] : []),
    ];
    const nested = ['sequential', 'parallel', 'while', 'items', ...(this.#isTimed ? ['poll'] : [])];
    const wide = this.#wide?.step(seen, depth, (length) => this.#sequence(seen, length, depth - 1, true)) ?? null;
    if (wide !== null) return wide;
    const kind = this.#one(...kinds, ...(depth > 0 ? nested : []));
    switch (kind) {
      case 'agent':
        return this.#agent(seen);
      case 'transform':
        return {
          id: this.#id('t'),
          type: 'transform',
          template: { of: this.#tag(seen) },
          ...this.#gate(seen),
          ...this.#assign(seen),
        };
      case 'wait':
        return { id: this.#id('w'), type: 'wait', duration: 1_000 * (1 + this.#below(30)) };
      case 'conditional':
        return { id: this.#id('c'), type: 'conditional', condition: this.#condition(seen) };
      case 'switch':
        return { id: this.#id('s'), type: 'switch', value: this.#tag(seen), ...this.#gate(seen) };
      case 'sequential':
        return {
          id: this.#id('g'),
          type: 'sequential',
          steps: this.#sequence(seen, 1 + this.#below(3), depth - 1, isRound),
          ...this.#common(seen),
        };
      case 'parallel':
        return this.#parallel(seen, depth, isRound);
      case 'while':
        return {
          id: this.#id('l'),
          type: 'loop',
          while: `{{loop.index}} < ${1 + this.#below(3)}`,
          steps: this.#sequence(seen, 1 + this.#below(2), depth - 1, true),
          ...this.#common(seen),
        };
      case 'items':
        return this.#items(seen, depth);
      default:
        return {
          id: this.#id('p'),
          type: 'wait',
          condition: this.#condition(seen),
          poll: without(this.#agent(seen), 'compensate'),
          pollInterval: 7_000,
          maxWait: 60_000,
          onTimeout: this.#one('fail', 'continue'),
        };
    }
  }

  #agent(seen: readonly string[]): Draft {
    const id = this.#id('a');
    return {
      id,
      type: 'agent',
      agentId: 'any',
      input: { prompt: `do ${this.#tag(seen)}` },
      ...this.#gate(seen),
      ...this.#common(seen),
      ...this.#assign([...seen, id]),
      ...(this.#chance(0.2) ? { output: this.#wide?.sharedName() ?? this.#id('v') } : {}),
      ...(this.#chance(0.35) ? { compensate: this.#compensation([...seen, id]) } : {}),
    };
  }

  #compensation(seen: readonly string[]): Record<string, unknown> {
    return {
      type: 'agent',
      agentId: 'any',
      input: { prompt: `undo ${this.#tag(seen)}` },
      ...this.#gate(seen),
      ...(this.#chance(0.4) ? { retry: { maxAttempts: 2, delay: 3_000 } } : {}),
      ...(this.#isTimed && this.#chance(0.2) ? { timeout: 1_000 * (20 + this.#below(60)) } : {}),
    };
  }

  #parallel(seen: readonly string[], depth: number, isRound: boolean): Draft {
    const branches = Array.from({ length: 2 + this.#below(2) }, () =>
      this.#chance(0.6)
        ? this.#agent(seen)
        : {
            id: this.#id('g'),
            type: 'sequential',
            steps: this.#sequence(seen, 1 + this.#below(2), depth - 1, isRound),
          },
    );
    for (const branch of branches)
      if (typeof branch['onError'] === 'object' && branch['onError'] !== null && 'goto' in branch['onError'])
        delete branch['onError'];
    return {
      id: this.#id('q'),
      type: 'parallel',
      steps: branches,
      failFast: this.#isTimed && this.#chance(0.4),
      ...(this.#chance(0.4) ? { maxConcurrency: 1 + this.#below(2) } : {}),
      ...(this.#isTimed && this.#chance(0.3) ? { join: this.#one<unknown>('any', 1, 2) } : {}),
      ...this.#common(seen),
    };
  }

  #items(seen: readonly string[], depth: number): Draft {
    return {
      id: this.#id('i'),
      type: 'loop',
      items: this.#one([], [1], ['x', { score: 1 }, 'good']),
      steps: this.#sequence(seen, 1 + this.#below(2), depth - 1, true),
      onItemError: this.#one('fail', 'collect', 'skip'),
      ...(this.#isTimed && this.#chance(0.5) ? { parallel: 2 } : {}),
      ...this.#common(seen),
    };
  }

  #common(seen: readonly string[]): Record<string, unknown> {
    const mending = this.#one<unknown>(
      'fail',
      'continue',
      'continue',
      { output: 'good' },
      { output: `{{state.n}}` },
      { type: 'agent', agentId: 'any', input: { prompt: `mend ${this.#tag(seen)}` } },
    );
    return {
      ...(this.#chance(0.4) ? { onError: mending } : {}),
      ...(this.#chance(0.3)
        ? {
            retry: {
              maxAttempts: 2,
              delay: 3_000,
              backoff: this.#one('fixed', 'linear', 'exponential'),
              ...this.#wide?.retried(),
            },
          }
        : {}),
      ...(this.#isTimed && this.#chance(0.2) ? { timeout: 1_000 * (20 + this.#below(60)) } : {}),
      ...(this.#isTimed && this.#chance(0.15) ? { totalTimeout: 1_000 * (30 + this.#below(90)) } : {}),
    };
  }

  #gate(seen: readonly string[]): Record<string, unknown> {
    return this.#chance(0.25) ? { condition: this.#condition(seen) } : {};
  }

  #assign(seen: readonly string[]): Record<string, unknown> {
    if (!this.#chance(0.3)) return {};
    const wide = this.#wide?.assign(seen) ?? null;
    if (wide !== null) return { assign: wide };
    return { assign: this.#chance(0.5) ? { n: { expr: '{{state.n}} + 1' } } : { log: { append: 'x' } } };
  }

  #tag(seen: readonly string[]): string {
    if (seen.length === 0 || this.#chance(0.2)) return '{{state.n}}';
    return `{{steps.${this.#one(...seen)}.${this.#one('output', 'output', 'status', 'output.score')}}}`;
  }

  #condition(seen: readonly string[]): string {
    const wide = this.#wide?.condition(seen) ?? null;
    if (wide !== null) return wide;
    return `${this.#tag(seen)} ${this.#one('=== "good"', '> 0', '!== 1', '=== "completed"', '')}`.trim();
  }
}

function without(draft: Draft, field: string): Draft {
  const { [field]: _left, ...rest } = draft;
  return rest as Draft;
}
