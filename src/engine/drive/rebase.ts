/** Makes the event by which a run goes on from another state. Pure; who may ask for it, and what is to be done, is decided before. */
import type { RunState } from '../../core/advance.ts';
import type { Recorded, RunRebased } from '../../core/event.ts';
import type { RebaseKind, RunRow } from '../../core/run.ts';
import { intervene, type Intervention } from '../../../machines/control-run.ts';
import { persistState } from '../../../machines/persist.ts';
import { machineFormat } from '../../../machines/workflow.ts';
import type { Outputs, Subject } from '../steer/control-commands.ts';
import type { Reason } from '../steer/commands.ts';

export interface RebaseOf extends Reason {
  readonly kind: RebaseKind;
  readonly steps?: readonly string[];
  readonly values?: Outputs;
  readonly from?: { readonly run: string; readonly seq: number };
}

/** Where the event will be: its seq, and its time in milliseconds since 1970. */
export type Place = Pick<Recorded, 'seq' | 'at'>;

/** The same state, as the beginning of an epoch: what was before need not be replayed, and before `keptFrom` is not whole. */
export function compacted(
  { version, hash, format }: Pick<RunRow, 'version' | 'hash' | 'format'>,
  state: RunState,
  keptFrom: number,
): RunRebased {
  return {
    type: 'run.rebased',
    kind: 'compact',
    version,
    hash,
    format,
    snapshot: persistState(state),
    ...(state.epoch === 1 ? {} : { previous: state.epoch }),
    ...(keptFrom === 1 ? {} : { keptFrom }),
  };
}

/** @throws what guards throw on the way into the state */
export function rebasedBy(subject: Subject, intervention: Intervention, place: Place, about: RebaseOf): RunRebased {
  const { definition } = subject.compiled.program;
  const { kind, steps = [], values = {}, from, by, why } = about;
  const shell: RunRebased = {
    type: 'run.rebased',
    kind,
    version: definition.version,
    hash: definition.hash,
    format: machineFormat,
    snapshot: '',
    ...(subject.state.epoch === 1 ? {} : { previous: subject.state.epoch }),
    ...(steps.length === 0 ? {} : { steps }),
    ...(from === undefined ? {} : { from }),
    ...(Object.keys(values).length === 0 ? {} : { values }),
    ...(by === undefined ? {} : { by }),
    ...(why === undefined ? {} : { why }),
  };
  const { state, lifecycle } = intervene(subject.compiled, subject.state, intervention, { ...place, event: shell });
  return { ...shell, snapshot: persistState(state), ...(lifecycle.length === 0 ? {} : { lifecycle }) };
}
