/**
 * Bounds a definition before anything recurses into it: steps, nesting, depth of data. Also takes a private copy of the
 * author's data, so that later changes to it change nothing here.
 */
import { isPlainObject } from '../core/json.ts';
import type { IssueList } from './issue-list.ts';
import { maxDataDepth, maxDataNodes, maxStepDepth, maxSteps } from './limits.ts';

interface Place {
  readonly value: unknown;
  readonly depth: number;
}

/** Whether the steps can be read: neither too many nor too deep. Collects the ids seen. */
export function measureSteps(steps: unknown, onFailure: unknown, issues: IssueList, ids: Set<string>): boolean {
  const stack: Place[] = [...children(steps, 0), ...children(onFailure, 0)];
  let count = 0;
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    if (!isPlainObject(place.value)) continue;
    count += 1;
    if (place.depth >= maxStepDepth) {
      issues.add('NESTING_TOO_DEEP', 'steps', 'steps are nested too deep', {
        expected: `at most ${maxStepDepth} levels (depth limit)`,
      });
      return false;
    }
    if (typeof place.value['id'] === 'string') ids.add(place.value['id']);
    for (const inner of innerSteps(place.value)) stack.push({ value: inner, depth: place.depth + 1 });
    if (count > maxSteps || stack.length > maxSteps * 2) {
      issues.add('TOO_MANY_STEPS', 'steps', 'too many steps', {
        expected: `at most ${maxSteps.toLocaleString('en-US')} (limit)`,
        hint: 'use a loop over items',
      });
      return false;
    }
  }
  return true;
}

function children(list: unknown, depth: number): Place[] {
  if (!Array.isArray(list)) return [];
  return list.slice(0, maxSteps + 1).map((value: unknown) => ({ value, depth }));
}

/** The steps that may stand inside a step, whatever its type. */
function* innerSteps(step: Readonly<Record<string, unknown>>): Generator {
  if (Array.isArray(step['steps'])) yield* step['steps'];
  if (isPlainObject(step['cases'])) yield* Object.values(step['cases']);
  for (const key of ['step', 'then', 'else', 'default', 'poll', 'onError', 'compensate'])
    if (isPlainObject(step[key])) yield step[key];
}

/**
 * Whether objects and arrays nest at most {@link maxDataDepth} levels (cycles are too deep), and all in all hold at most
 * {@link maxDataNodes} values (what is there twice counts twice).
 */
export function measureData(root: unknown): 'fits' | 'too deep' | 'too large' {
  const stack: Place[] = [{ value: root, depth: 0 }];
  let count = 0;
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    const { value, depth } = place;
    if (!Array.isArray(value) && !isPlainObject(value)) continue;
    if (depth >= maxDataDepth) return 'too deep';
    const members = Object.values(value);
    count += members.length;
    if (count > maxDataNodes) return 'too large';
    for (const inner of members)
      if (typeof inner === 'object' && inner !== null) stack.push({ value: inner, depth: depth + 1 });
  }
  return 'fits';
}

/** A copy of plain objects and arrays; functions, schemas and all else stay as they are. Fields that are undefined are left out. */
export function copyData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyData);
  if (!isPlainObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (value[key] === undefined) continue;
    Object.defineProperty(copy, key, {
      value: copyData(value[key]),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}
