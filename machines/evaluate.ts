/**
 * Effects without I/O of ours: decisions, items, delays, `assign` values, transforms, handlers, the run's output. Functions of
 * the author run here; what they give is recorded by whoever runs the effect. Used by the engine and under plain XState alike.
 */
import { plainValue } from '../src/core/choice.ts';
import { EffectResult } from '../src/core/effect.ts';
import { InvariantError, WorkflowError } from '../src/core/errors.ts';
import type { StateWrite } from '../src/core/event.ts';
import { deepEqual, isPlainObject, throughJson } from '../src/core/json.ts';
import { materialize, type ValueLoader } from '../src/core/stored-value.ts';
import type { Decision, Step, UserFunction, Value } from '../src/definition/definition.ts';
import { parseDuration } from '../src/core/duration.ts';
import type { Condition } from '../src/expressions/condition.ts';
import type { Scope } from '../src/expressions/path.ts';
import type { ValueTemplate } from '../src/expressions/value-template.ts';
import type { EffectInput } from './effect-input.ts';
import { createFunctionContext, type FunctionContextOptions } from './function-context.ts';
import { plainNow } from './plain-run.ts';
import { recordOf } from './record.ts';
import { describe } from './items.ts';
import { ownLoop } from './loop-level.ts';
import { isPure, isPureExpression } from './purity.ts';
import { createScope } from './scope.ts';
import { loadingReader } from './stored-reader.ts';

export interface Surroundings {
  readonly signal: AbortSignal;
  readonly loader: ValueLoader;
  /** What functions gave already: they are not called again. @default none */
  readonly given?: ReadonlyMap<Value, unknown>;
  /** For `wait until`, in milliseconds since 1970. @default the clock of the process */
  readonly now?: () => number;
  /** Told of handlers of the run that threw; they change nothing. */
  readonly onHandlerError?: (error: unknown) => void;
}

/** Under plain XState all values are inline. */
export const inlineLoader: ValueLoader = {
  loadOutput: () => {
    throw new InvariantError('a reference in a run without a store');
  },
  loadRunOutput: () => {
    throw new InvariantError('a reference to another run in a run without a store');
  },
};

/** Throws what the author's code throws, and WorkflowErrors of templates. */
export async function evaluateEffect(effect: EffectInput, around: Surroundings): Promise<EffectResult> {
  const evaluation = new Evaluation(effect, around);
  return effect.info === null ? evaluation.ofRun() : evaluation.ofStep(effect.info.step);
}

class Evaluation {
  readonly #effect: EffectInput;
  readonly #around: Surroundings;
  readonly #scope: Scope;

  constructor(effect: EffectInput, around: Surroundings) {
    this.#effect = effect;
    this.#around = around;
    this.#scope = createScope(effect.program, effect.context, effect.step, loadingReader(around.loader));
  }

  async ofStep(step: Step): Promise<EffectResult> {
    switch (this.#effect.kind) {
      case 'work':
        return new EffectResult(await this.#work(step));
      case 'decide':
        return new EffectResult(await this.#decide(step));
      case 'assign':
        return new EffectResult(undefined, { writes: this.#assign(step) });
      case 'substitute':
        return new EffectResult(step.onError.kind === 'output' ? this.#render(step.onError.value) : null);
      default:
        return this.#handlers(step);
    }
  }

  async ofRun(): Promise<EffectResult> {
    const { definition } = this.#effect.program;
    if (this.#effect.kind === 'output')
      return new EffectResult(definition.output === null ? null : await this.#value(definition.output));
    return this.#runHandlers();
  }

  async #work(step: Step): Promise<unknown> {
    switch (step.type) {
      case 'transform': {
        if (step.template !== null) return this.#render(step.template);
        const data = privateCopy(await this.#input(step.input));
        return this.#call(step.transform, { input: () => data }, (context) => [data, context]);
      }
      case 'custom': {
        const config = this.#render(step.config);
        return this.#call(step.run, { input: () => config }, (context) => [config, context]);
      }
      case 'conditional':
        return this.#isTrue(step.decide);
      case 'switch':
        return (await this.#value(step.value)) ?? null;
      default:
        throw new InvariantError(`a step of type '${step.type}' has no work to evaluate`);
    }
  }

  /** A function decision of the gate, or of the type: a loop's condition or items, a wait's condition or length. */
  async #decide(step: Step): Promise<unknown> {
    const isGate = recordOf(this.#effect.context, this.#effect.step as number).status === 'pending';
    if (isGate && step.condition !== null) return this.#isTrue(step.condition);
    if (step.type === 'loop' && step.mode === 'items') return step.items === null ? [] : this.#value(step.items);
    if (step.type === 'loop' && step.decide !== null) return this.#isTrue(step.decide, ownLoop);
    if (step.type === 'wait') return step.while === null ? this.#delayMs(step) : this.#isTrue(step.while);
    throw new InvariantError(`step '${step.id}' has nothing to decide`);
  }

  #delayMs(step: Extract<Step, { type: 'wait' }>): number {
    if (step.until !== null) {
      const until = this.#render(step.until);
      const at = typeof until === 'string' ? Date.parse(until) : Number.NaN;
      if (Number.isNaN(at))
        throw new WorkflowError(
          'TEMPLATE_FAILED',
          `'until' of step '${step.id}' is not an ISO 8601 time but ${JSON.stringify(until) ?? 'missing'}`,
        );
      return Math.max(0, at - (this.#around.now ?? plainNow)());
    }
    const duration =
      step.duration === null || typeof step.duration === 'number' ? step.duration : this.#render(step.duration);
    const text = typeof duration === 'string' && /^\d+(\.\d+)?$/.test(duration) ? Number(duration) : duration;
    const parsed = parseDuration(text, 'zero');
    if ('ms' in parsed) return parsed.ms;
    throw new WorkflowError('TEMPLATE_FAILED', `'duration' of step '${step.id}': ${parsed.problem}`);
  }

  async #isTrue(decision: Decision, depth = 0): Promise<boolean> {
    if (decision.kind === 'function') return Boolean(await this.#call(decision, { depth }));
    const { program, context, step } = this.#effect;
    return decision.condition.test(createScope(program, context, step, loadingReader(this.#around.loader), depth));
  }

  #assign(step: Step): Readonly<Record<string, StateWrite>> {
    const writes: Record<string, StateWrite> = {};
    for (const assign of step.assign) {
      if (assign.kind === 'expr') {
        if (!isPureExpression(this.#effect.program, assign.condition))
          writes[assign.key] = { reads: this.#reads(assign.condition) };
        continue;
      }
      const value = throughJson(this.#render(assign.value)) ?? null;
      if (assign.kind === 'merge' && !isPlainObject(value)) {
        throw new WorkflowError(
          'TEMPLATE_FAILED',
          `what is merged into '${assign.key}' of the state is not an object but ${describe(value)}`,
        );
      }
      writes[assign.key] =
        assign.kind === 'set'
          ? { set: value }
          : assign.kind === 'append'
            ? { append: value }
            : { merge: value as Record<string, unknown> };
    }
    return writes;
  }

  /** What an expression reads that is not kept in the run's state. */
  #reads({ paths }: Condition): Readonly<Record<string, unknown>> {
    const impure = paths.filter((path) => !isPure(this.#effect.program, path));
    return Object.fromEntries(impure.map((path) => [path.source, throughJson(plainValue(this.#scope(path))) ?? null]));
  }

  // Handlers of steps: called in order, each sees what the one before it made of the output.

  async #handlers(step: Step): Promise<EffectResult> {
    const { kind, info } = this.#effect;
    const handlers = kind === 'start' || kind === 'complete' || kind === 'error' ? (info?.handlers[kind] ?? []) : [];
    const record = recordOf(this.#effect.context, this.#effect.step as number);
    const writes = new Map<string, StateWrite>();
    const input = (): unknown => this.#stepInput(step);
    const original =
      record.output === undefined
        ? undefined
        : materialize(record.output, this.#around.loader, this.#effect.context.run.id);
    let output: unknown = kind === 'complete' ? privateCopy(original) : undefined;
    let hasChanged = false;
    for (const handler of handlers) {
      const middle = kind === 'complete' ? [output] : kind === 'error' ? [record.error] : [];
      const given = await this.#call(handler, { writes, input }, (context) => [step.id, ...middle, context]);
      if (given !== undefined && kind !== 'start') [output, hasChanged] = [given, true];
    }
    const isReplaced = hasChanged || (kind === 'complete' && !deepEqual(output, original));
    return new EffectResult(
      isReplaced ? output : undefined,
      writes.size === 0 ? {} : { writes: Object.fromEntries(writes) },
    );
  }

  /** `onWorkflow*`: a throwing `onWorkflowStart` fails the run, any other is told of and changes nothing. */
  async #runHandlers(): Promise<EffectResult> {
    const { kind, program, context } = this.#effect;
    const { workflowHandlers } = program.definition;
    // They stand beside the run: what they would write is not recorded.
    if (kind === 'pause' || kind === 'resume') return this.#callBeside(workflowHandlers[kind]);
    const handlers = kind === 'start' || kind === 'complete' || kind === 'error' ? workflowHandlers[kind] : [];
    const writes = new Map<string, StateWrite>();
    const about =
      kind === 'error'
        ? context.error
        : materialize(
            kind === 'start' ? context.input : (context.output ?? { v: null }),
            this.#around.loader,
            context.run.id,
          );
    for (const handler of handlers) {
      try {
        await this.#call(handler, { writes }, (functionContext) => [about, functionContext]);
      } catch (error) {
        // What is not there can be put there; what throws has had its turn.
        if (kind === 'start' || (error instanceof WorkflowError && error.code === 'FUNCTION_MISSING')) throw error;
        this.#around.onHandlerError?.(error);
      }
    }
    return new EffectResult(undefined, writes.size === 0 ? {} : { writes: Object.fromEntries(writes) });
  }

  async #callBeside(handlers: readonly UserFunction[]): Promise<EffectResult> {
    for (const handler of handlers) {
      try {
        await this.#call(handler);
      } catch (error) {
        this.#around.onHandlerError?.(error);
      }
    }
    return new EffectResult(undefined);
  }

  /** What handlers see of a step's input: without secrets, and undefined where a function gives it (it is called once only). */
  #stepInput(step: Step): unknown {
    const value = inputOf(step);
    if (value?.kind !== 'template') return undefined;
    const scope: Scope = (path) => (path.segments[0] === 'env' ? `{{${path.source}}}` : this.#scope(path));
    return privateCopy(value.template.render(scope, { missing: 'empty' }));
  }

  async #input(input: Value | null): Promise<unknown> {
    return input === null ? undefined : this.#value(input);
  }

  async #value(value: Value): Promise<unknown> {
    if (value.kind === 'template') return this.#render(value.template);
    const { given } = this.#around;
    return given?.has(value) === true ? given.get(value) : this.#call(value);
  }

  #render(template: ValueTemplate): unknown {
    return template.render(this.#scope, { missing: this.#effect.program.definition.missing });
  }

  async #call(
    fn: UserFunction | null,
    options: Pick<FunctionContextOptions, 'input' | 'writes' | 'depth'> = {},
    parameters: (context: unknown) => readonly unknown[] = (context) => [context],
  ): Promise<unknown> {
    if (fn === null || fn.call === null) throw missingFunction(fn);
    const context = createFunctionContext(this.#effect, {
      reader: loadingReader(this.#around.loader),
      signal: this.#around.signal,
      ...options,
    });
    return (fn.call as (...each: readonly unknown[]) => unknown)(...parameters(context));
  }
}

function inputOf(step: Step): Value | null {
  switch (step.type) {
    case 'agent':
    case 'transform':
      return step.input;
    case 'http':
      return step.body;
    case 'custom':
      return { kind: 'template', template: step.config };
    default:
      return null;
  }
}

export function missingFunction(fn: UserFunction | null): WorkflowError {
  return new WorkflowError(
    'FUNCTION_MISSING',
    `the function at '${fn?.place ?? '?'}' is not there: the run's workflow was loaded without its code`,
  );
}

function privateCopy(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value;
}
