/** One value into a text: what is missing, what cannot be text, and what is too long. */
import { TemplateError } from '../../core/errors.ts';
import { describeLimit, type ExpressionLimits } from '../options.ts';
import { toText } from '../text.ts';

export interface RenderOptions {
  /** What a missing path does inside text: fail with a `TemplateError`, or be nothing. @default 'error' */
  readonly missing?: 'error' | 'empty';
  /** Applied to each value put inside text, such as percent-encoding in a URL; not to a whole value. @default none */
  readonly encode?: (text: string) => string;
}

/** The text of the value found at `name`. */
export function substitute(name: string, value: unknown, options: RenderOptions): string {
  if (value === undefined) {
    if (options.missing === 'empty') return '';
    const isInput = name.startsWith('workflow.input.');
    const message = `the template reads '${name}', which ${isInput ? "is not in the run's input" : 'has no value here'}`;
    throw new TemplateError(message, { details: { path: name } });
  }
  if (typeof value === 'string' && options.encode === undefined) return value;
  try {
    const text = toText(value);
    return options.encode === undefined ? text : options.encode(text);
  } catch (cause) {
    const message = `the value of '${name}' cannot be put into text: ${cause instanceof Error ? cause.message : 'unknown error'}`;
    throw new TemplateError(message, { cause, details: { path: name } });
  }
}

export function textTooLong(limits: ExpressionLimits): TemplateError {
  return new TemplateError(`the rendered text is too large (${describeLimit(limits, 'maxTextLength')})`);
}
