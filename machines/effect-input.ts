/**
 * What an invoked actor is told: which effect of which step, and (not part of its JSON) the run as it was when the effect
 * began. The durable engine resolves it against the store; under plain XState it resolves itself, as outputs are inline there.
 */
import type { EffectKind } from '../src/core/event.ts';
import type { RunContext } from './context.ts';
import { stepInfo, type Program, type StepInfo } from './program.ts';
import { recordOf } from './record.ts';
import { seenBy } from './undo-log.ts';

/** A run's own effects: its output, its `onWorkflow*` handlers. */
export type RunEffect = 'output' | 'start' | 'complete' | 'error' | 'pause' | 'resume';

export interface EffectDescriptor {
  readonly effect: string;
  /** Number of the step; null for the run's own. */
  readonly step: number | null;
  readonly kind: EffectKind | RunEffect;
  readonly visit: number;
  readonly attempt: number;
}

export class EffectInput implements EffectDescriptor {
  readonly effect: string;
  readonly step: number | null;
  readonly kind: EffectKind | RunEffect;
  readonly visit: number;
  readonly attempt: number;
  readonly #program: Program;
  readonly #context: RunContext;

  constructor(program: Program, context: RunContext, step: number | null, kind: EffectKind | RunEffect) {
    const { visit, attempt } = tokenOf(context, step, kind);
    this.effect = effectId(program, step, kind);
    this.step = step;
    this.kind = kind;
    this.visit = visit;
    this.attempt = attempt;
    this.#program = program;
    this.#context = seenBy(program, context, step);
  }

  get program(): Program {
    return this.#program;
  }

  /** The run when the effect began; for a loaded run, when it was loaded. */
  get context(): RunContext {
    return this.#context;
  }

  /** Null for the run's own effects. */
  get info(): StepInfo | null {
    return this.step === null ? null : stepInfo(this.#program, this.step);
  }

  toJSON(): EffectDescriptor {
    return { effect: this.effect, step: this.step, kind: this.kind, visit: this.visit, attempt: this.attempt };
  }
}

/** Which visit of the step, and which try of the effect. */
function tokenOf(
  context: RunContext,
  step: number | null,
  kind: EffectDescriptor['kind'],
): Pick<EffectDescriptor, 'visit' | 'attempt'> {
  if (step === null) return { visit: 1, attempt: 1 };
  const { visit, attempt, sideAttempt = 1 } = recordOf(context, step);
  if (kind === 'undo' && context.undoing !== null) return context.undoing;
  return { visit, attempt: kind === 'work' ? attempt || 1 : sideAttempt };
}

/** The id of a child run: `<run>/<step>:<visit>`, of a later attempt `<run>/<step>:<visit>.<attempt>`. After a crash it is the same. */
export function childRunId({ context, info, visit, attempt }: EffectInput): string {
  const again = attempt === 1 ? '' : `.${attempt}`;
  return `${context.run.id}/${info?.step.id ?? ''}:${visit}${again}`;
}

/**
 * What the ids of the rounds of an items loop begin with; their index follows. A loop is carried out again from its first
 * round when it is retried, and goes on with its rounds after a crash.
 */
export function roundPrefix(effect: EffectInput): string {
  return `${childRunId(effect)}/`;
}

export function effectId(program: Program, step: number | null, kind: string): string {
  if (step === null) return `$run.${kind}`;
  const { id } = stepInfo(program, step).step;
  return kind === 'work' ? id : `${id}.${kind}`;
}
