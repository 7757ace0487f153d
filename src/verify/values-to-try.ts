/** Values to try for a place in the data: what conditions and schemas name, what lies around it, and a few of every type. */
import type { Json } from '../core/json.ts';
import type { Step } from '../definition/definition.ts';
import type { Atom } from './atoms.ts';
import type { Origin } from './readings.ts';
import { admits, placeIn, sampleOf } from './schema-shape.ts';

const maxMadeText = 4_096;

export function poolOf(origin: Origin, atoms: readonly Atom[], schema: Json | null): readonly unknown[] {
  const place = schema === null ? null : placeIn(schema, belowOutput(origin));
  const listed = place?.kind === 'there' ? listedBy(place.schema) : [];
  const isLength = origin.segments.at(-1) === 'length';
  const literals = atoms.flatMap(({ literals: each }) => each);
  const measures = atoms.some(({ calls }) => calls.has('length'));
  const cases = atoms.flatMap(({ calls, literals: each }) =>
    calls.has('upper') ? each.flatMap((text) => (typeof text === 'string' ? [text.toLowerCase()] : [])) : [],
  );
  const made = literals.flatMap((literal) => [
    ...around(literal),
    ...(measures && typeof literal === 'number' && literal >= 0 && literal < maxMadeText
      ? [literal, literal + 1, Math.max(0, literal - 1)].map((count) => 'x'.repeat(Math.round(count)))
      : []),
  ]);
  const numbers = [1, 0, 2, -1, 10, 100];
  if (isLength) return [...made.filter((value) => typeof value === 'number' && value >= 0), ...numbers];
  return [...listed, ...made, ...cases, 'other', true, 1, 0, false, '', 2, -1, 10, 100, null, undefined, {}, []];
}

/** A literal, and its neighbours. */
export function around(literal: unknown): readonly unknown[] {
  if (typeof literal === 'number') return [literal, literal + 1, literal - 1, literal + 0.5, literal * 2];
  if (typeof literal === 'string') {
    const number = literal.trim() === '' ? Number.NaN : Number(literal);
    return [literal, `${literal}x`, `x${literal}`, ...(Number.isNaN(number) ? [] : [number])];
  }
  return literal === undefined ? [] : [literal];
}

function listedBy(schema: Readonly<Record<string, unknown>>): readonly unknown[] {
  if (Array.isArray(schema['enum'])) return schema['enum'];
  if ('const' in schema) return [schema['const']];
  const { minimum, maximum } = schema;
  const bounds = [minimum, maximum].filter((each) => typeof each === 'number');
  const middle = bounds.length === 2 ? [((bounds[0] as number) + (bounds[1] as number)) / 2] : [];
  return [...bounds, ...middle, ...(schema['type'] === 'boolean' ? [true, false] : []), sampleOf(schema)];
}

/** The path below the value that the schema is about. */
function belowOutput({ step, segments }: Origin): readonly string[] {
  return step === null ? segments : segments.slice(1);
}

/** Whether a schema lets a value be there. */
export function mayBe(schema: Json | null, origin: Origin, value: unknown): boolean {
  if (schema === null || (origin.step !== null && origin.segments[0] !== 'output')) return true;
  const place = placeIn(schema, belowOutput(origin));
  if (place.kind === 'open') return true;
  if (place.kind === 'absent') return value === undefined;
  return value === undefined ? !place.isRequired : admits(place.schema, value);
}

/** The simplest value that may be there. */
export function sampleAt(schema: Json | null, origin: Origin): unknown {
  const place = schema === null ? null : placeIn(schema, belowOutput(origin));
  if (place === null || place.kind === 'open') return origin.segments.at(-1) === 'length' ? 1 : 'text';
  return place.kind === 'there' ? sampleOf(place.schema) : undefined;
}

/** The schema of what a step gives; null when nothing is said. */
export function outputSchema(step: Step): Json | null {
  if (step.type === 'agent') return step.schema?.json ?? null;
  return step.type === 'human' ? (step.form?.json ?? null) : null;
}
