/** Where a router leads, as authors write it: a step id, a list of ids, or a word that leads out of the sequence. */
import { joinPath } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import { describe, quote } from './describe.ts';
import type { Target } from './definition.ts';
import { targetWords } from './names.ts';
import type { StepReader } from './step-kind.ts';

export function readTargetText(text: string): Target {
  return targetWords.includes(text) ? { kind: text as 'end' | 'break' | 'continue' } : { kind: 'steps', ids: [text] };
}

/** Null after a mistake that leaves nothing. */
export function readTargetList(field: string, values: readonly unknown[], reader: StepReader): Target | null {
  if (values.length === 0) {
    reader.add('OUT_OF_RANGE', field, `${field} is an empty list: at least one step id is needed`);
    return null;
  }
  const ids = values.flatMap((value, index) => {
    if (typeof value === 'string' && !targetWords.includes(value)) return value;
    const hint = isPlainObject(value) ? { hint: 'for several inline steps use one sequential step' } : {};
    reader.add('INVALID_TYPE', joinPath(field, index), 'a list of targets holds step ids only', {
      received: describe(value),
      ...hint,
    });
    return [];
  });
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) reader.add('DUPLICATE_ID', field, `${field} names step ${quote(twice)} twice`);
  return ids.length === 0 ? null : { kind: 'steps', ids: [...new Set(ids)] };
}
