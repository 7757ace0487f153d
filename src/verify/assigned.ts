/** What a step's `assign` puts into the state, as far as guards read it. */
import { InvariantError, TemplateError } from '../core/errors.ts';
import type { StateWrite } from '../core/event.ts';
import { isPlainObject } from '../core/json.ts';
import type { Step } from '../definition/definition.ts';
import { createScope } from '../../machines/scope.ts';
import { keptReader } from '../../machines/stored-reader.ts';
import type { Program } from '../../machines/program.ts';
import { allPrograms, readingsOf, stateKeyOf } from './readings.ts';
import { contextOf, type Spot } from './situation.ts';

const readKeys = new WeakMap<Program, ReadonlySet<string>>();

/** Keys of the state that guards read. */
function keysRead(program: Program): ReadonlySet<string> {
  let keys = readKeys.get(program);
  if (keys === undefined) {
    const [top = program] = allPrograms(program);
    keys = new Set(readingsOf(top).flatMap(({ paths }) => paths.flatMap((path) => stateKeyOf(path) ?? [])));
    readKeys.set(program, keys);
  }
  return keys;
}

/** A value that no guard reads is null: nothing depends on it. */
export function assignedWrites({ compiled, run }: Spot, step: Step): Readonly<Record<string, StateWrite>> {
  const { program } = compiled;
  const scope = createScope(program, contextOf(run), program.byId.get(step.id) ?? null, keptReader);
  const writes: Record<string, StateWrite> = {};
  for (const assign of step.assign) {
    if (assign.kind === 'expr') continue;
    const isRead = keysRead(program).has(assign.key);
    const value =
      isRead || assign.value.constant ? rendered(() => assign.value.render(scope, { missing: 'empty' })) : null;
    if (assign.kind === 'merge') writes[assign.key] = { merge: isPlainObject(value) ? value : {} };
    else writes[assign.key] = assign.kind === 'append' ? { append: value } : { set: value };
  }
  return writes;
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
