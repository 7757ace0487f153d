/**
 * The effects of a run of a path: each waits until it is its turn, and gives what the path says. Conditions, templates and writes are
 * evaluated for real; functions of the author are not called: what they decide is the path's. Rounds of loops begin when
 * the path says so, and are carried out by the engine.
 */
import { EffectResult } from '../core/effect.ts';
import { isErrorCode, WorkflowError, type ErrorData } from '../core/errors.ts';
import type { WorkflowDefinition } from '../definition/definition.ts';
import { SecretScope, type EffectCall, type EffectHandler } from '../effects/call.ts';
import { effectHandlers } from '../effects/index.ts';
import type { ScriptedMove } from '../verify/script.ts';
import { renderWork } from './path-rendering.ts';
import type { VirtualClock } from './virtual-clock.ts';

interface Waiting {
  readonly call: EffectCall;
  resolve(result: EffectResult | Promise<EffectResult>): void;
  reject(error: unknown): void;
}

/** What the engine carries out itself, where nobody else does. */
const ownEffects = ['loop', 'workflow', 'undo', 'emit'] as const;

export class PathEffects {
  readonly #definition: WorkflowDefinition;
  readonly #clock: VirtualClock;
  readonly #waiting = new Map<string, Waiting>();
  /** Of effects that began: why they cannot be rendered, null for those that can. */
  readonly #renders: Promise<string | null>[] = [];
  /** Whether something of the workflow that was evaluated for real failed: the path is right to expect otherwise. */
  hasFailed = false;

  constructor(definition: WorkflowDefinition, clock: VirtualClock) {
    this.#definition = definition;
    this.#clock = clock;
  }

  /** For the engine. */
  get handlers(): ReadonlyMap<string, EffectHandler> {
    return new Map([...effectHandlers.keys(), ...ownEffects].map((name) => [name, this.#scripted(name)]));
  }

  /** The first of what began and could not be rendered, and why. */
  async unrendered(): Promise<string | null> {
    const found = await Promise.all(this.#renders.splice(0));
    return found.find((each) => each !== null) ?? null;
  }

  /** As the move says; gives what is in the way. */
  give(move: ScriptedMove): string | null {
    const { edge, rounds } = move;
    const key = `${rounds.join('/')} ${edge.about}`;
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return `effect '${edge.about}' is not under way`;
    this.#waiting.delete(key);
    const { own, input } = waiting.call;
    if (own !== undefined && input.info?.step.type === 'loop' && input.kind === 'work') waiting.resolve(own());
    else if (edge.error !== null) waiting.reject(thrown(edge.error));
    else waiting.resolve(this.#result(move, waiting.call));
    return null;
  }

  async #noted(work: Promise<EffectResult>): Promise<EffectResult> {
    try {
      return await work;
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }

  #scripted(name: string): EffectHandler {
    return (call) =>
      new Promise<EffectResult>((resolve, reject) => {
        const key = keyOf(call);
        const waiting: Waiting = { call, resolve, reject };
        this.#waiting.set(key, waiting);
        this.#clock.touch();
        this.#renders.push(
          renderWork(call, effectHandlers.get(name)).then(
            () => null,
            (error: unknown) => `step '${call.input.info?.step.id ?? ''}' cannot be rendered: ${messageOf(error)}`,
          ),
        );
        call.signal.addEventListener('abort', () => {
          if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
          reject(call.signal.reason as Error);
        });
      });
  }

  /** What needs no world is evaluated for real. */
  #result({ edge, output, metadata }: ScriptedMove, call: EffectCall): EffectResult | Promise<EffectResult> {
    const { kind, info } = call.input;
    const step = info?.step;
    const isReal =
      kind === 'assign' ||
      kind === 'substitute' ||
      (kind === 'output' && this.#definition.output?.kind === 'template') ||
      (kind === 'work' && step?.type === 'transform' && step.template !== null);
    if (isReal) return this.#noted((effectHandlers.get('evaluate') as EffectHandler)(call));
    if (step?.type === 'emit' && kind === 'work') return this.#noted(emitted(call));
    if (kind === 'undo') return new EffectResult(edge.outcome);
    if (kind === 'start' || kind === 'error' || kind === 'complete')
      return new EffectResult(edge.outcome === 'mends' ? output : undefined);
    if (edge.outcome === 'true' || edge.outcome === 'false') return new EffectResult(edge.outcome === 'true');
    if (step?.type === 'switch')
      return new EffectResult(edge.outcome.startsWith('case ') ? edge.outcome.slice('case '.length) : null);
    if (kind === 'decide' && step?.type === 'wait') return new EffectResult(1_000);
    if (kind === 'decide' && step?.type === 'loop') return new EffectResult(Array.isArray(output) ? output : []);
    return new EffectResult(output, { metadata });
  }
}

/** Whether others take the event is for the path to say: nobody is told. */
async function emitted(call: EffectCall): Promise<EffectResult> {
  const step = call.input.info?.step;
  if (step?.type !== 'emit' || step.payload?.kind === 'function') return new EffectResult(null);
  const payload = (await new SecretScope(call).value(step.payload)) ?? null;
  return new EffectResult(null, { metadata: { name: step.name, payload } });
}

/** As the path says, thrown. */
function thrown(error: ErrorData): Error {
  const { code, message, retryable, details } = error;
  return new WorkflowError(isErrorCode(code) ? code : 'STEP_FAILED', message, {
    retryable,
    ...(details === undefined ? {} : { details }),
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The rounds it happens in, and the effect. */
function keyOf({ input }: EffectCall): string {
  const parts = input.context.run.id.split('/');
  const indexes = parts.filter((_part, at) => at > 0 && at % 2 === 0);
  return `${indexes.join('/')} ${input.effect}`;
}
