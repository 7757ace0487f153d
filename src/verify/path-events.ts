/** A path as the events that a run of it would tell: of the run, and of each round of its loops. */
import type { GraphEdge } from './graph.ts';
import type { Happening } from './situation.ts';

export interface ToldEvent {
  readonly type: string;
  readonly step?: string;
  readonly attempt?: number;
  readonly branch?: string;
  readonly why?: string;
}

/** The run first. */
export function eventsOfPath(moves: readonly GraphEdge[]): readonly (readonly ToldEvent[])[] {
  const run: ToldEvent[] = [];
  const all = [run];
  const rounds = new Map<string, ToldEvent[]>();
  for (const { kind, about, rounds: around, happenings } of moves) {
    if (kind === 'round') {
      const round: ToldEvent[] = [];
      rounds.set([...around, about].join('/'), round);
      all.push(round);
      // What begins with a round happens in it.
      round.push(...happenings.flatMap(toldOf));
    } else {
      const told = around.length === 0 ? run : rounds.get(around.join('/'));
      told?.push(...happenings.flatMap(toldOf));
    }
  }
  return all;
}

function toldOf(each: Happening): readonly ToldEvent[] {
  switch (each.type) {
    case 'end':
      return [{ type: `run.${each.status}` }];
    case 'round':
      return [];
    case 'completed':
      return [{ type: 'step.completed', step: each.step, ...(each.branch === null ? {} : { branch: each.branch }) }];
    case 'skipped':
      return [{ type: 'step.skipped', step: each.step, why: each.why }];
    case 'failed':
      return [{ type: 'step.failed', step: each.step }];
    default:
      return [{ type: `step.${each.type}`, step: each.step, attempt: each.attempt }];
  }
}
