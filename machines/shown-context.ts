/**
 * What `console.log(context)` shows: values in the place of getters, and no more than is there yet. Otherwise the context of a
 * workflow of twenty steps is hundreds of lines that say nothing.
 */
import type { StepView } from '../src/definition/step-context.ts';

/** The method that `util.inspect` asks, known to it by this name in every realm. */
export const inspected = Symbol.for('nodejs.util.inspect.custom');

/** The fields that hold something, each read once. */
export function present<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => !isNothing(field))) as Partial<T>;
}

function isNothing(field: unknown): boolean {
  return field === null || field === undefined || (isRecord(field) && Object.keys(field).length === 0);
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Those that have been begun or skipped. */
export function reachedSteps(steps: Readonly<Record<string, StepView>>): Readonly<Record<string, StepView>> {
  return Object.fromEntries(Object.entries(steps).filter(([, { status }]) => status !== 'pending'));
}
