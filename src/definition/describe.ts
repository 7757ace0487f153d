/** Values and names as they are shown in messages: short, on one line. */

const maxShown = 60;

/** `'agnet'`, `42`, `null`, `a list of 3`, `an object`, `a function`. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return describeObject(value);
  return typeof value === 'function' ? 'a function' : `a ${typeof value}`;
}

function describeObject(value: object): string {
  const name: unknown = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null)?.constructor
    ?.name;
  return typeof name !== 'string' || name === 'Object' || name === '' ? 'an object' : `an object of class ${name}`;
}

/** In single quotes, shortened, control characters as escapes. */
export function quote(text: string): string {
  const short = text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
  return `'${short.replace(/\p{C}/gu, (character) => JSON.stringify(character).slice(1, -1))}'`;
}

/** `a, b and c`; at most `limit` of them. */
export function list(names: readonly string[], limit = 12): string {
  if (names.length > limit) return `${names.slice(0, limit).join(', ')} and ${names.length - limit} more`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `a string`, `an array`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}
