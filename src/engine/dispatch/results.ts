/** The result of an effect as the event that records it: plain data, within the limits. Owns no carrying out. */
import type { EffectResult } from '../../core/effect.ts';
import { TerminalError } from '../../core/errors.ts';
import type { EffectCompleted } from '../../core/event.ts';
import { toStoredValue, type StoredValue } from '../../core/stored-value.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';
import { keptOfValue } from '../../../machines/record.ts';

export interface ResultLimits {
  /** Of one output, in characters of JSON; also of what is beside it. */
  readonly maxOutputBytes: number;
  /** Of what guards read of one output, in characters of JSON. */
  readonly maxKeptBytes: number;
}

export class Results {
  readonly #options: ResultLimits;

  constructor(limits: ResultLimits) {
    this.#options = limits;
  }

  /**
   * `known`: values that are stored already, to be referred to; `size`: of the output, in characters.
   * @throws TerminalError OUTPUT_INVALID, LIMIT_EXCEEDED
   */
  completed(
    input: EffectInput,
    result: EffectResult,
    known: ReadonlyMap<unknown, StoredValue>,
  ): { readonly event: EffectCompleted; readonly size: number } {
    const stored =
      result.output instanceof StoredOutput ? result.output.stored : toStoredValue(result.output ?? null, known);
    const { stored: output, size } = this.#checked(input, stored);
    const metadata = result.metadata === undefined ? undefined : this.#checkedData(input, result.metadata);
    // Of an output that is stored as a value, what is kept is made from the event itself.
    const value = result.output instanceof StoredOutput ? undefined : 'v' in output ? output.v : result.output;
    const kept = this.#kept(input, { output: value, metadata });
    const event: EffectCompleted = {
      type: 'effect.completed',
      ...tokenOf(input),
      output,
      ...(result.output === undefined ? { none: true as const } : {}),
      ...(result.isCached ? { cached: true as const } : {}),
      ...(kept === undefined || 'v' in output ? {} : { kept }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(result.writes === undefined
        ? {}
        : { writes: this.#checkedData(input, result.writes) as typeof result.writes }),
      ...(result.roundWrites === undefined ? {} : { roundWrites: result.roundWrites }),
    };
    return { event, size };
  }

  /** What a store will hold of it; too large or not JSON is a failure of the step. */
  #checked(input: EffectInput, stored: StoredValue): { readonly stored: StoredValue; readonly size: number } {
    if ('v' in stored && isScalar(stored.v)) {
      const size = typeof stored.v === 'string' ? stored.v.length : 8;
      this.#checkSize(input, size);
      return { stored, size };
    }
    const text = toJsonText(input, stored);
    this.#checkSize(input, text.length);
    const checked = JSON.parse(text) as typeof stored;
    // JSON drops a function, a symbol, and what its `toJSON` makes nothing of.
    if (Object.keys(checked).length === 0) throw notData(input, 'v' in stored ? stored.v : stored);
    return { stored: checked, size: text.length };
  }

  #checkedData(input: EffectInput, data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const text = toJsonText(input, data);
    this.#checkSize(input, text.length);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  }

  #checkSize(input: EffectInput, size: number): void {
    if (size <= this.#options.maxOutputBytes) return;
    throw new TerminalError(
      `the output of ${whatOf(input)} is ${size} characters of JSON, more than the limit of ${this.#options.maxOutputBytes} (option limits.maxOutputBytes)`,
      { code: 'LIMIT_EXCEEDED' },
    );
  }

  #kept(
    input: EffectInput,
    result: { readonly output: unknown; readonly metadata?: unknown },
  ): Readonly<Record<string, unknown>> | undefined {
    if (!givesOutput.has(input.kind)) return undefined;
    const paths = input.info?.kept;
    if (paths === undefined || paths.size === 0) return undefined;
    const text = toJsonText(input, keptOfValue(paths, result));
    if (text.length > this.#options.maxKeptBytes) {
      throw new TerminalError(
        `conditions read ${text.length} characters of the output of ${whatOf(input)}, more than the limit of ${this.#options.maxKeptBytes} (option limits.maxKeptBytes); read a smaller part of it, or put a transform in between`,
        { code: 'LIMIT_EXCEEDED' },
      );
    }
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  }
}

/** Effects whose output becomes that of the step. */
const givesOutput: ReadonlySet<string> = new Set(['work', 'complete', 'error', 'substitute']);

/** An output that is a tree already (that of a loop). */
export class StoredOutput {
  readonly stored: StoredValue;
  constructor(stored: StoredValue) {
    this.stored = stored;
  }
}

export function tokenOf({ effect, visit, attempt }: EffectInput): {
  readonly effect: string;
  readonly visit: number;
  readonly attempt: number;
} {
  return { effect, visit, attempt };
}

function whatOf(input: EffectInput): string {
  return input.info === null ? 'the run' : `step '${input.info.step.id}'`;
}

function toJsonText(input: EffectInput, value: unknown): string {
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    throw new TerminalError(
      `the output of ${whatOf(input)} is not JSON data: ${error instanceof Error ? error.message : String(error)}`,
      { code: 'OUTPUT_INVALID' },
    );
  }
  throw notData(input, value);
}

function notData(input: EffectInput, value: unknown): TerminalError {
  return new TerminalError(`the output of ${whatOf(input)} is not JSON data but a ${typeof value}`, {
    code: 'OUTPUT_INVALID',
  });
}

/** What JSON gives back as it is. */
function isScalar(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  return typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0);
}
