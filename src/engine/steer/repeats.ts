/** What of a run's work would be carried out once more: told before it is done. Reads only. */
import type { EffectInput } from '../../../machines/effect-input.ts';
import { stepInfo, type Program } from '../../../machines/program.ts';
import { decodeEvent } from '../drive/codec.ts';
import type { Loading } from '../runs/load.ts';
import type { RunState } from '../../core/advance.ts';

/** A step whose work was carried out already. */
export interface Repeat {
  readonly step: string;
  readonly type: string;
  /** How many attempts there were: answered, failed, or under way. */
  readonly attempts: number;
}

/** What has been carried out since event `seq`, in the order in which it was. `state`: of the run after that event. */
export function repeatsSince(
  loading: Loading,
  id: string,
  seq: number,
  program: Program,
  state: RunState,
): readonly Repeat[] {
  const attempts = new Map<number, number>();
  const answered = new Set<string>();
  const note = (step: number): void => {
    attempts.set(step, (attempts.get(step) ?? 0) + 1);
  };
  for (let from = seq + 1; ; from += pageSize) {
    const page = loading.store.readEvents(id, from, pageSize);
    for (const stored of page) {
      const { event } = decodeEvent(stored);
      if (event.type !== 'effect.completed' && event.type !== 'effect.failed') continue;
      answered.add(event.effect);
      const step = program.byId.get(event.effect);
      if (step !== undefined) note(step);
    }
    if (page.length < pageSize) break;
  }
  for (const { id: effect, input } of state.effects.values()) {
    const { step, kind } = input as EffectInput;
    if (kind === 'work' && step !== null && !answered.has(effect)) note(step);
  }
  return [...attempts].flatMap(([step, count]) => repeatOf(program, step, count));
}

const pageSize = 500;

/** Deciding where to go, waiting and asking a person have no effect on the world. */
const quiet: ReadonlySet<string> = new Set([
  'conditional',
  'switch',
  'wait',
  'signal',
  'human',
  'sequential',
  'parallel',
]);

export function repeatOf(program: Program, index: number, attempts: number): readonly Repeat[] {
  const { step } = stepInfo(program, index);
  if (quiet.has(step.type) || (step.type === 'loop' && step.mode !== 'items')) return [];
  return [{ step: step.id, type: step.type === 'custom' ? step.name : step.type, attempts }];
}
