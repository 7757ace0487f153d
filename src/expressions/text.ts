/** Values as text, the same in templates and conditions. */
import { plainValue } from '../core/choice.ts';

/**
 * Objects and arrays as JSON, null and undefined as nothing, all else as JavaScript writes it. A text stays as it is:
 * nothing is escaped. Throws what `JSON.stringify` throws (cycles, too deep).
 */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  const plain = plainValue(value);
  if (plain === null || plain === undefined) return '';
  return typeof plain === 'object' ? toJsonText(plain) : String(plain);
}

/** JSON of an object; what has no JSON (a `toJSON` that returns undefined) is nothing. */
function toJsonText(value: object): string {
  const text: string | undefined = JSON.stringify(value);
  return text ?? '';
}
