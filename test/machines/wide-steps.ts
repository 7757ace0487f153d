/**
 * What any workflow may have besides the steps of `any-flow.ts`: people, signals, other workflows, events, functions, loops that end
 * when their data says so, conditions on errors and indexes, state made of outputs.
 */
import { createWorkflow, type WorkflowDefinition } from '../../src/definition/index.ts';
import type { LooseStep, LooseWorkflow } from '../support/flow.ts';

type Draft = Record<string, unknown> & { readonly id: string };

interface Draw {
  below(n: number): number;
  id(kind: string): string;
  tag(seen: readonly string[]): string;
  condition(seen: readonly string[]): string;
  common(seen: readonly string[]): Record<string, unknown>;
}

const names = ['go', 'stop'];

/** Their conditions are their own. */
const routers: ReadonlySet<unknown> = new Set(['conditional', 'wait']);

export class WideSteps {
  readonly #draw: Draw;
  #hasShared = false;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  #chance(share: number): boolean {
    return this.#draw.below(1_000) < share * 1_000;
  }

  #one<T>(...choices: readonly T[]): T {
    return choices[this.#draw.below(choices.length)] as T;
  }

  ofWorkflow(): Partial<LooseWorkflow> {
    return {
      state: { n: 0, log: [], s: 'good', m: {} },
      ...(this.#chance(0.1) ? { onWorkflowStart: () => undefined } : {}),
      ...(this.#chance(0.1) ? { onWorkflowComplete: () => undefined } : {}),
      ...(this.#chance(0.1) ? { onWorkflowError: () => undefined } : {}),
      ...(this.#chance(0.1) ? { onStepStart: { 'a*': () => undefined } } : {}),
    };
  }

  /** Null: one of the usual. */
  step(seen: readonly string[], depth: number, body: (length: number) => LooseStep[]): Draft | null {
    if (!this.#chance(0.35)) return null;
    const kind = this.#one(
      'callback',
      'human',
      'human',
      'signal',
      'signal',
      'workflow',
      'emit',
      'function',
      'wait',
      'until',
      'items',
    );
    switch (kind) {
      case 'callback':
        return this.#callback(seen);
      case 'human':
        return this.#human();
      case 'signal':
        return this.#signal(seen);
      case 'workflow':
        return this.#workflow(seen);
      case 'emit':
        return {
          id: this.#draw.id('e'),
          type: 'emit',
          name: this.#one(...names),
          payload: { n: this.#draw.tag(seen) },
        };
      case 'function':
        return this.#function(seen);
      case 'wait':
        return { id: this.#draw.id('w'), type: 'wait', duration: this.#draw.tag(seen) };
      case 'until':
        return depth === 0 ? null : this.#until(seen, body);
      default:
        return depth === 0 ? null : this.#items(seen, body);
    }
  }

  /** Accepted, and completed later: see `people.ts`. */
  #callback(seen: readonly string[]): Draft {
    return {
      id: this.#draw.id('b'),
      type: 'agent',
      agentId: 'any',
      input: { prompt: 'do it later' },
      callback: true,
      ...(this.#chance(0.5) ? { heartbeatTimeout: this.#ms() } : {}),
      ...this.#draw.common(seen),
      ...(this.#chance(0.3) ? { compensate: { type: 'agent', agentId: 'any', input: { prompt: 'undo it' } } } : {}),
    };
  }

  #human(): Draft {
    const form = { type: 'object', properties: { score: { type: 'number' } }, required: ['score'] };
    const hasForm = this.#chance(0.3);
    const late = hasForm ? ['fail', 'elsewhere'] : ['fail', 'approve', 'reject', 'elsewhere'];
    return {
      id: this.#draw.id('h'),
      type: 'human',
      title: 'Go on?',
      ...(hasForm ? { form } : {}),
      ...(this.#chance(0.6) ? { timeout: this.#ms(), onTimeout: this.#one(...late) } : {}),
      ...(this.#chance(0.2) ? { onError: 'continue' } : {}),
    };
  }

  #signal(seen: readonly string[]): Draft {
    return {
      id: this.#draw.id('s'),
      type: 'signal',
      name: this.#one(...names),
      ...(this.#chance(0.4)
        ? {
            match: this.#one('{{signal.payload.n}} > 0', `{{signal.payload.n}} === ${JSON.stringify(this.#one(0, 1))}`),
          }
        : {}),
      ...(this.#chance(0.6) ? { timeout: this.#ms() } : {}),
      ...(this.#chance(0.4) ? { onError: this.#one<unknown>('continue', { output: 'good' }) } : {}),
      ...(this.#chance(0.2) ? { condition: this.#draw.condition(seen) } : {}),
    };
  }

  #workflow(seen: readonly string[]): Draft {
    const isDetached = this.#chance(0.3);
    return {
      id: this.#draw.id('k'),
      type: 'workflow',
      workflow: this.#one('child-well', 'child-fails', 'child-asks'),
      mode: isDetached ? 'detach' : 'wait',
      ...(this.#chance(0.3) ? { onParentClose: this.#one('cancel', 'abandon') } : {}),
      ...this.#draw.common(seen),
      ...(this.#chance(0.3) ? { compensate: { type: 'agent', agentId: 'any', input: { prompt: 'undo it' } } } : {}),
    };
  }

  #function(seen: readonly string[]): Draft {
    const give = this.#one<unknown>('good', 1, { score: 1 });
    return {
      id: this.#draw.id('f'),
      type: 'transform',
      transform: () => give,
      ...(this.#chance(0.3) ? { condition: () => true } : {}),
      ...this.#draw.common(seen),
    };
  }

  #until(seen: readonly string[], body: (length: number) => LooseStep[]): Draft {
    const id = this.#draw.id('u');
    const steps = this.#lookingAtIndex(body(1 + this.#draw.below(2)));
    const inside = steps.map((each) => each.id);
    return {
      id,
      type: 'loop',
      [this.#one('until', 'while')]: this.#draw.condition([...seen, ...inside]),
      maxIterations: 1 + this.#draw.below(3),
      steps,
      ...this.#draw.common(seen),
    };
  }

  #items(seen: readonly string[], body: (length: number) => LooseStep[]): Draft {
    return {
      id: this.#draw.id('j'),
      type: 'loop',
      items: this.#one<unknown>(this.#draw.tag(seen), [1, 2, 3, 4], () => ['x', 'y']),
      ...(this.#chance(0.5) ? { maxIterations: 1 + this.#draw.below(5) } : {}),
      steps: this.#lookingAtIndex(body(1 + this.#draw.below(2))),
      onItemError: this.#one('fail', 'collect', 'skip'),
      ...this.#draw.common(seen),
    };
  }

  /** Some steps of a body run in some rounds only. */
  #lookingAtIndex(steps: readonly LooseStep[]): readonly LooseStep[] {
    const condition = this.#one(
      '{{loop.index}} > 0',
      '{{loop.index}} === 1',
      '{{loop.index}} < 2',
      '{{loop.index}} % 2 === 0',
    );
    return steps.map((step) =>
      step['condition'] === undefined && !routers.has(step['type']) && this.#chance(0.3)
        ? { ...step, condition }
        : step,
    );
  }

  /** The name of an output that several steps have. */
  sharedName(): string | null {
    if (!this.#chance(0.5)) return null;
    this.#hasShared = true;
    return 'shared';
  }

  #ms(): number {
    return 1_000 * (5 + this.#draw.below(60));
  }

  /** Null: one of the usual. */
  condition(seen: readonly string[]): string | null {
    const step = this.#one(...seen, 'none');
    if (this.#hasShared && this.#chance(0.1)) return '{{vars.shared}} === "good"';
    if (step === 'none' || !this.#chance(0.4)) return null;
    return this.#one(
      `{{steps.${step}.error.code}} === ${JSON.stringify(this.#one('LIMIT_EXCEEDED', 'TIMEOUT', 'AGENT_ERROR'))}`,
      `contains({{steps.${step}.error.message}}, "busy")`,
      `!{{steps.${step}.error}}`,
      `{{steps.${step}.attempts}} > 1`,
      `{{steps.${step}.output}} in ["good", "bad"]`,
      '{{state.s}} === "good"',
      '{{state.m.x}} === 1',
      '{{state.n}} > 2',
      'length({{state.log}}) > 1',
      `{{steps.${step}.output.decision}} === "approve"`,
    );
  }

  /** Null: one of the usual. */
  assign(seen: readonly string[]): Record<string, unknown> | null {
    const step = this.#one(...seen, 'none');
    if (step === 'none' || !this.#chance(0.5)) return null;
    return this.#one<Record<string, unknown>>(
      { s: `{{steps.${step}.output}}` },
      { m: { merge: { x: `{{steps.${step}.output}}` } } },
      { s: `{{state.s}}!`, n: { expr: '{{state.n}} + 1' } },
      { n: { expr: `{{steps.${step}.attempts}} + {{state.n}}` } },
    );
  }

  retried(): Record<string, unknown> {
    return this.#chance(0.4) ? { on: [this.#one('503', 'TIMEOUT', 'STEPS_FAILED', 'HTTP_ERROR', 'STEP_FAILED')] } : {};
  }
}

/** The other workflows that it starts. */
export function childWorkflows(): readonly WorkflowDefinition[] {
  const agent = { type: 'agent', agentId: 'any', input: { prompt: 'go' } } as const;
  return [
    createWorkflow('child-well').addStep('child-a', agent).build(),
    createWorkflow('child-fails')
      .addStep('child-b', { ...agent, retry: { maxAttempts: 1 } })
      .addStep('child-c', { type: 'transform', transform: () => Promise.reject(new Error('never')) })
      .build(),
    createWorkflow('child-asks')
      .addStep('child-d', { type: 'human', title: 'Well?', timeout: '40s', onTimeout: 'approve' })
      .build(),
  ];
}
