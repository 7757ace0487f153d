/**
 * What the engine computes by templates from other values, and guards read: outputs of transforms, outputs in place of failures. What
 * they are made of may be open, so they are made when they are read.
 */
import { plainValue } from '../core/choice.ts';
import { InvariantError, TemplateError } from '../core/errors.ts';
import { decidedValue, Undecided } from '../core/undecided.ts';
import { readOwn, type Scope } from '../expressions/path.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import { createScope } from '../../machines/scope.ts';
import { undecidedReader } from '../../machines/stored-reader.ts';
import { openMark } from './bindings.ts';
import { partAt } from './parts.ts';

/** In place of an output that is computed. */
export class Computed {
  readonly #template: ValueTemplate;
  readonly #scope: Scope;

  constructor(template: ValueTemplate, { program, context, step }: EffectInput) {
    this.#template = template;
    const scope = createScope(program, context, step, undecidedReader);
    this.#scope = (path) => {
      try {
        return scope(path);
      } catch (error) {
        // Not kept: conditions over it are left to choice.
        if (error instanceof InvariantError) return null;
        throw error;
      }
    };
  }

  /** The value below the whole, or one that is open until it is read. */
  read(segments: readonly string[]): unknown {
    const part = partAt(this.#template, segments);
    if (part.kind === 'constant') return part.value;
    if (part.kind === 'path') return plainValue(this.#scope(part.path));
    return new Made(part.template, part.rest, this.#scope);
  }
}

class Made extends Undecided {
  readonly #template: ValueTemplate;
  readonly #rest: readonly string[];
  readonly #scope: Scope;

  constructor(template: ValueTemplate, rest: readonly string[], scope: Scope) {
    super();
    this.#template = template;
    this.#rest = rest;
    this.#scope = scope;
  }

  override decide(): unknown {
    const read: unknown[] = [];
    const scope: Scope = (path) => {
      const value = plainValue(decidedValue(this.#scope(path)));
      read.push(value ?? null);
      return value;
    };
    const value = this.#render(scope);
    const isOpen = read.some((each) => typeof each === 'string' && each.startsWith(openMark));
    // Nobody may choose: what it is made of says which one it is.
    return isOpen ? { made: this.#template.source, of: read } : value;
  }

  #render(scope: Scope): unknown {
    try {
      return readOwn(this.#template.render(scope, { missing: 'empty' }), this.#rest);
    } catch (error) {
      if (error instanceof TemplateError) return null;
      throw error;
    }
  }
}
