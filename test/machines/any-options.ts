/**
 * Gives any workflow what `any-flow.ts` and `wide-steps.ts` leave out: requests and steps of an own type in place of agents, input,
 * functions wherever they may stand, handlers that write, replace and throw, limits, caches, schemas, all that can be undone, and what
 * happens after a failure. Owns which options a step gets; conditions are in `any-conditions.ts`.
 */
import { z } from 'zod';
import { defineStepType } from '../../src/definition/index.ts';
import type { LooseStep, LooseWorkflow } from '../support/flow.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { AnyConditions, type Place } from './any-conditions.ts';

type Draft = Record<string, unknown> & { id: string };

/** Does nothing but give what it is asked to. */
const echo = defineStepType({
  type: 'echo',
  schema: z.object({ give: z.unknown() }),
  run: ({ give }) => {
    if (give === 'bad') throw new Error('bad');
    return give;
  },
});

/** What agents with this schema answer: see `any-world.ts`. */
const reviewSchema = {
  type: 'object',
  properties: { score: { type: 'number', minimum: 0, maximum: 1 }, kind: { enum: ['blog', 'news'] } },
  required: ['kind'],
};

const inputSchema = {
  type: 'object',
  properties: { kind: { enum: ['blog', 'news'] }, n: { type: 'number' }, more: {} },
};

export class AnyOptions {
  readonly #random: SeededRandom;
  readonly #conditions: AnyConditions;
  #count = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#conditions = new AnyConditions((n) => this.#below(n));
  }

  of(workflow: LooseWorkflow): LooseWorkflow {
    const steps = this.#sequence(workflow.steps, { seen: [], loops: [], isFailure: false });
    const all = idsIn(steps);
    return {
      ...workflow,
      stepTypes: [echo],
      steps,
      ...(this.#chance(0.5) ? { input: this.#chance(0.5) ? inputSchema : {} } : {}),
      ...(workflow.onFailure === undefined ? {} : { onFailure: this.#afterFailure(workflow.onFailure, all) }),
      ...(this.#chance(0.15) ? { output: this.#outputFunction() } : {}),
      ...this.#handlers(workflow, all),
    };
  }

  /** For the run. */
  input(): Readonly<Record<string, unknown>> {
    return {
      ...(this.#chance(0.7) ? { kind: this.#one('blog', 'news') } : {}),
      ...(this.#chance(0.7) ? { n: this.#below(3) } : {}),
      ...(this.#chance(0.3) ? { more: this.#one<unknown>('good', null, { score: 1 }) } : {}),
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

  #id(): string {
    this.#count += 1;
    return `z${this.#count}`;
  }

  #sequence(steps: readonly Draft[], place: Place): Draft[] {
    const seen = [...place.seen];
    const siblings = steps.map(({ id }) => id);
    return steps.map((step) => {
      const made = this.#step(step, { ...place, seen: [...seen] }, siblings);
      seen.push(made.id);
      return made;
    });
  }

  #step(given: Draft, place: Place, siblings: readonly string[]): Draft {
    const step = this.#replaced(given);
    if (Array.isArray(step['steps'])) step['steps'] = this.#inside(step, place);
    const { type } = step;
    if (type === 'conditional' || type === 'switch') this.#router(step, place, siblings);
    else if (type === 'loop') this.#loop(step, place);
    else if (type === 'wait') this.#wait(step, place);
    else if (type === 'signal') this.#signal(step);
    if (type !== 'conditional' && type !== 'wait') this.#gate(step, place);
    this.#effects(step, place);
    if (typeof step['retry'] === 'object' && this.#chance(0.2))
      step['retry'] = { ...step['retry'], maxAttempts: 2 + this.#below(2), maxDelay: 5_000, jitter: this.#one(0, 0.5) };
    if (['transform', 'sequential', 'parallel', 'loop', 'human', 'http', 'echo'].includes(type as string))
      if (this.#chance(0.12)) step['output'] = this.#one('shared', `y${this.#id()}`);
    if (type !== 'wait' && step['assign'] === undefined && this.#chance(0.08))
      step['assign'] = this.#conditions.assign({ ...place, seen: [...place.seen, step.id] });
    return step;
  }

  #inside(step: Draft, place: Place): Draft[] {
    const steps = step['steps'] as Draft[];
    const loops = step['type'] === 'loop' ? [...place.loops, kindOf(step)] : place.loops;
    // Branches see nothing of each other.
    if (step['type'] !== 'parallel') return this.#sequence(steps, { ...place, loops });
    return steps.map((each) => this.#step(each, { ...place, loops }, []));
  }

  /** Another type in place of an agent. */
  #replaced(given: Draft): Draft {
    if (given['type'] !== 'agent' || given['callback'] === true) return { ...given };
    const kind = this.#below(20);
    const { agentId: _agent, input, ...rest } = given;
    const { prompt } = input as { prompt: string };
    if (kind < 5) return { ...rest, id: given.id, ...this.#request(prompt) };
    if (kind < 7) {
      const { timeout: _timeout, ...others } = rest;
      return { ...others, id: given.id, type: 'echo', give: this.#one<unknown>('good', 'bad', 1, { score: 1 }) };
    }
    return kind < 9 ? { ...given, schema: reviewSchema } : { ...given };
  }

  #request(tag: string): Record<string, unknown> {
    return {
      type: 'http',
      method: this.#one('POST', 'PUT'),
      url: 'https://any.example/things',
      body: { tag },
      ...(this.#chance(0.2) ? { pick: 'response' } : {}),
    };
  }

  #gate(step: Draft, place: Place): void {
    const has = step['condition'] !== undefined;
    if (!this.#chance(has ? 0.3 : 0.12)) return;
    if (this.#chance(0.15)) step['condition'] = this.#verdict();
    else if (typeof step['condition'] === 'string' && this.#chance(0.5))
      step['condition'] = this.#conditions.joined(step['condition'], place);
    else step['condition'] = this.#conditions.of(place);
  }

  /** A function that says so, or throws. */
  #verdict(): () => boolean {
    const kind = this.#below(5);
    return () => {
      if (kind === 0) throw new Error('no verdict');
      return kind > 1;
    };
  }

  #router(step: Draft, place: Place, siblings: readonly string[]): void {
    const inline = (): unknown => ({ id: this.#id(), type: 'transform', template: 'inline' });
    const others = siblings.filter((each) => each !== step.id);
    const list = (): unknown =>
      others.length < 2 ? inline() : [...new Set([this.#one(...others), this.#one(...others)])];
    const other = (): unknown => (this.#chance(0.5) ? inline() : list());
    if (step['type'] === 'conditional') {
      if (this.#chance(0.1)) step['condition'] = this.#verdict();
      else if (this.#chance(0.4)) step['condition'] = this.#conditions.of(place);
      if (this.#chance(0.15)) step[this.#one('then', 'else')] = other();
      return;
    }
    const key = this.#one<unknown>('good', 1, 'other', { score: 1 });
    if (this.#chance(0.1)) step['value'] = () => key;
    if (this.#chance(0.15)) step['default'] = other();
  }

  #loop(step: Draft, place: Place): void {
    if (step['items'] !== undefined) {
      const atOnce = this.#one({ parallel: 3 }, { parallel: true, maxConcurrency: 1 + this.#below(3) });
      if (this.#chance(0.2)) Object.assign(step, atOnce);
      return;
    }
    const test = step['while'] === undefined ? 'until' : 'while';
    if (this.#chance(0.1)) {
      step[test] = this.#verdict();
      step['maxIterations'] = 1 + this.#below(3);
    } else if (this.#chance(0.15)) {
      step[test] = this.#conditions.of({ ...place, loops: [...place.loops, kindOf(step)] });
      step['maxIterations'] = 1 + this.#below(3);
    }
  }

  #wait(step: Draft, place: Place): void {
    if (step['poll'] !== undefined) {
      if (this.#chance(0.15)) step['condition'] = this.#verdict();
      else if (this.#chance(0.3)) step['condition'] = this.#conditions.of(place);
    } else if (this.#chance(0.15)) {
      delete step['duration'];
      step['until'] = this.#one('1970-01-01T00:00:00Z', '{{workflow.input.more}}', '{{state.s}}');
    }
  }

  #signal(step: Draft): void {
    if (this.#chance(0.2))
      step['match'] = this.#one(
        '{{signal.payload.n}} > {{state.n}}',
        '{{signal.payload.n}} === {{workflow.input.n}}',
        '{{signal.payload.n}}',
      );
  }

  /** What belongs to steps that do something outside of the run. */
  #effects(step: Draft, place: Place): void {
    const type = step['type'] as string;
    const undoable = ['agent', 'http', 'transform', 'workflow', 'emit', 'human', 'echo'];
    if (!place.isFailure && step['compensate'] === undefined && undoable.includes(type) && this.#chance(0.12))
      step['compensate'] = this.#compensation({ ...place, seen: [...place.seen, step.id] });
    const isOnce = step['compensate'] !== undefined || step['callback'] === true;
    if (!isOnce && ['agent', 'http', 'transform', 'echo'].includes(type) && this.#chance(0.06))
      step['cache'] = this.#one<unknown>('1h', { ttl: '1m', key: 'same' });
    if (!['agent', 'http', 'transform', 'workflow', 'echo'].includes(type)) return;
    if (this.#chance(0.05)) step['concurrency'] = this.#one('busy', step.id);
    if (this.#chance(0.04)) step['rateLimit'] = { limit: 1, per: '20s', name: 'seldom' };
  }

  #compensation(place: Place): Record<string, unknown> {
    const kinds: readonly Record<string, unknown>[] = [
      this.#request('undo'),
      { type: 'transform', template: 'undone' },
      { type: 'transform', transform: () => Promise.reject(new Error('not undone')), retry: { maxAttempts: 2 } },
      { type: 'emit', name: 'go', payload: { n: 1 } },
      { type: 'workflow', workflow: this.#one('child-well', 'child-fails') },
    ];
    return {
      ...this.#one(...kinds),
      ...(this.#chance(0.3) ? { condition: this.#conditions.of({ ...place, isFailure: true }) } : {}),
    };
  }

  // The workflow.

  #afterFailure(given: readonly LooseStep[], seen: readonly string[]): readonly LooseStep[] {
    const more: readonly Draft[] = [
      { id: this.#id(), type: 'transform', template: '{{workflow.error.message}}' },
      { id: this.#id(), type: 'wait', duration: 1_000 },
      { id: this.#id(), type: 'human', title: 'What now?', timeout: 30_000, onTimeout: 'reject' },
      { id: this.#id(), type: 'signal', name: 'go', timeout: 20_000, onError: 'continue' },
    ];
    const steps = [...(given as readonly Draft[]), ...more.filter(() => this.#chance(0.3))];
    return this.#sequence(steps, { seen, loops: [], isFailure: true });
  }

  #outputFunction(): () => unknown {
    const fails = this.#chance(0.3);
    return () => {
      if (fails) throw new Error('no output');
      return 'made';
    };
  }

  #handlers(workflow: LooseWorkflow, all: readonly string[]): Partial<LooseWorkflow> {
    const writing = (): Handler => {
      const [key, value] = this.#one<readonly [string, unknown]>(
        ['n', 2],
        ['s', 'bad'],
        ['s', 'good'],
        ['m', { x: 1 }],
      );
      return (...given) => {
        (given.at(-1) as unknown as Writing).set(key, value);
      };
    };
    const giving = (): Handler => {
      const value = this.#one<unknown>('good', 1, null, { score: 1 });
      return () => value;
    };
    const throwing = (): Handler => () => {
      throw new Error('the handler throws');
    };
    const any = (): Handler => this.#one(writing, writing, giving, throwing)();
    const of = (field: 'onStepStart' | 'onStepComplete' | 'onStepError', share: number): Partial<LooseWorkflow> =>
      this.#chance(share) ? { [field]: { ...workflow[field], [this.#one('*', ...all)]: any() } } : {};
    return {
      ...of('onStepStart', 0.08),
      ...of('onStepComplete', 0.15),
      ...of('onStepError', 0.1),
      ...(this.#chance(0.06) ? { onWorkflowStart: this.#one(writing, throwing)() } : {}),
    };
  }
}

type Handler = (...parameters: never[]) => unknown;
interface Writing {
  set(key: string, value: unknown): void;
}

function kindOf(loop: Draft): 'items' | 'rounds' {
  return loop['items'] === undefined ? 'rounds' : 'items';
}

function idsIn(steps: readonly Draft[]): readonly string[] {
  return steps.map(({ id }) => id);
}
