/** What a step's `assign` puts into the state, as far as guards read it. */
import { InvariantError, TemplateError } from '../core/errors.ts';
import type { StateWrite } from '../core/event.ts';
import { isPlainObject } from '../core/json.ts';
import type { Step } from '../definition/definition.ts';
import type { LoggedWrite } from '../../machines/context.ts';
import type { Program } from '../../machines/program.ts';
import { createScope } from '../../machines/scope.ts';
import { keptReader } from '../../machines/stored-reader.ts';
import { countsOf } from './counting.ts';
import { contextOf, type Spot } from './situation.ts';

/** A value that no guard reads is null: nothing depends on it. */
export function assignedWrites({ compiled, run }: Spot, step: Step): Readonly<Record<string, StateWrite>> {
  const { program } = compiled;
  const scope = createScope(program, contextOf(run), program.byId.get(step.id) ?? null, keptReader);
  const writes: Record<string, StateWrite> = {};
  for (const assign of step.assign) {
    if (assign.kind === 'expr') continue;
    const isRead = countsOf(program).relevant.has(assign.key);
    const value = isRead ? rendered(() => assign.value.render(scope, { missing: 'empty' })) : null;
    if (assign.kind === 'merge') writes[assign.key] = { merge: isPlainObject(value) ? value : {} };
    else writes[assign.key] = assign.kind === 'append' ? { append: value } : { set: value };
  }
  return writes;
}

/** Of what was written, what something depends on: without keys that nobody reads, and without what was written over. */
export function essentialWrites(program: Program, writes: readonly LoggedWrite[]): readonly LoggedWrite[] {
  const { relevant } = countsOf(program);
  const read = writes.filter(({ key }) => relevant.has(key));
  if (!read.every(({ write }) => 'set' in write)) return read;
  const last = new Map(read.map((each) => [each.key, each]));
  return [...last.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function rendered(render: () => unknown): unknown {
  try {
    return render() ?? null;
  } catch (error) {
    // What is not kept: conditions over it are left to choice.
    if (error instanceof TemplateError || error instanceof InvariantError) return null;
    throw error;
  }
}
