/** What a run of a path told, against what the path says. Owns the words of both. */
import type { RunReport } from '../engine/read/run.ts';
import type { Path } from '../verify/paths.ts';

/** Null when the run went as the path says. @param told what {@link toldText} gave, in order */
export function differenceOf({ moves, end }: Path, report: RunReport, told: readonly string[]): string | null {
  const why = 'error' in report ? `: ${report.error.message}` : '';
  if (report.status !== end) return `the run is ${report.status}, expected ${end}${why}`;
  const expected = moves
    .filter((edge) => edge.rounds.length === 0 && edge.kind !== 'round')
    .flatMap(({ happenings }) =>
      happenings.flatMap((each) => {
        if (each.type === 'end' || each.type === 'round') return [];
        return [text(each.step, each.type, each.type === 'completed' ? each.branch : null)];
      }),
    );
  const at = expected.findIndex((each, index) => each !== told[index]);
  if (at === -1 && expected.length === told.length) return null;
  const place = at === -1 ? expected.length : at;
  return `expected '${expected[place] ?? 'nothing more'}', and '${told[place] ?? 'nothing more'}' happened`;
}

interface Told {
  readonly type: string;
  readonly step?: string;
  readonly branch?: string;
}

/** Nothing of what paths do not tell of. */
export function toldText({ type, step, branch }: Told): readonly string[] {
  if (step === undefined) return [];
  if (type === 'task.opened') return [text(step, 'asked', null)];
  const what = type.startsWith('step.') ? type.slice('step.'.length) : null;
  if (what === null || what === 'chunk' || what === 'accepted') return [];
  return [text(step, what, what === 'completed' ? (branch ?? null) : null)];
}

function text(step: string, what: string, branch: string | null): string {
  return `${step} ${what}${branch === null ? '' : ` ${branch}`}`;
}
