/** Definitions never change once they are made. */
import { isPlainObject } from '../core/json.ts';

/** Freezes plain objects and arrays, all the way down; functions, schemas and class instances of others stay as they are. */
export function deepFreeze<T>(root: T): T {
  const stack: unknown[] = [root];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if ((!Array.isArray(value) && !isPlainObject(value)) || Object.isFrozen(value)) continue;
    Object.freeze(value);
    for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) stack.push(inner);
  }
  return root;
}
