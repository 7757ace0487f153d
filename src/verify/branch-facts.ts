/** What branches of a parallel step have to do with each other by way of the run: state that they write and read, signals that they take. */
import type { Assign } from '../definition/definition.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { countsOf } from './counting.ts';
import { allPrograms } from './programs.ts';
import { readingsOf, stateKeyOf } from './readings.ts';
import { assignsOf, idsAround, pathsOf } from './state-writes.ts';

/** Of one branch, the rounds of its loops included. */
export interface BranchFacts {
  /** Keys of the state that something depends on, with what is put there. */
  readonly writes: ReadonlyMap<string, ReadonlySet<string>>;
  /** Keys that its guards look at, or that it puts elsewhere. */
  readonly reads: ReadonlySet<string>;
  readonly signals: ReadonlySet<string>;
  /** By handlers. */
  readonly mayWriteAny: boolean;
}

export function branchFacts(program: Program, branch: number): BranchFacts {
  const { id } = stepInfo(program, branch).step;
  const isInside = (each: { readonly program: Program; readonly step: number }): boolean =>
    idsAround(each.program, each.step).includes(id);
  const { relevant } = countsOf(program);
  const writes = new Map<string, Set<string>>();
  const reads = new Set<string>();
  for (const each of assignsOf(program)) {
    const { key } = each.assign;
    if (!relevant.has(key) || !isInside(each)) continue;
    writes.set(key, (writes.get(key) ?? new Set()).add(textOf(each.assign, branch)));
    // What it puts there is made of itself: two that do the same do so in any order.
    for (const read of pathsOf(each.assign).flatMap((path) => stateKeyOf(path) ?? []))
      if (read !== key) reads.add(read);
  }
  for (const reading of readingsOf(program))
    if (reading.place !== 'assign' && isInside(reading))
      for (const path of reading.paths) reads.add(stateKeyOf(path) ?? '');
  reads.delete('');
  const steps = allPrograms(program).flatMap((own) =>
    own.steps.filter(({ index }) => isInside({ program: own, step: index })),
  );
  return {
    writes,
    reads,
    signals: new Set(steps.flatMap(({ step }) => (step.type === 'signal' ? [step.name] : []))),
    mayWriteAny: steps.some(
      ({ handlers: { start, complete, error } }) => start.length + complete.length + error.length > 0,
    ),
  };
}

/** Whether it makes a difference in which order two branches do what they do. */
export function areApart(one: BranchFacts, other: BranchFacts): boolean {
  return !dependsOn(one, other) && !dependsOn(other, one) && !writesOtherwise(one, other) && !sharesSignal(one, other);
}

function dependsOn(one: BranchFacts, other: BranchFacts): boolean {
  return (other.mayWriteAny && one.reads.size > 0) || [...other.writes.keys()].some((key) => one.reads.has(key));
}

/** They put different things at the same key: the last one stays, or comes last. */
function writesOtherwise(one: BranchFacts, other: BranchFacts): boolean {
  return [...one.writes].some(([key, texts]) => {
    const others = other.writes.get(key);
    return others !== undefined && new Set([...texts, ...others]).size > 1;
  });
}

function sharesSignal(one: BranchFacts, other: BranchFacts): boolean {
  return [...one.signals].some((name) => other.signals.has(name));
}

/** Equal for what puts the same there wherever it stands. */
function textOf(assign: Assign, branch: number): string {
  const isOfItself = pathsOf(assign).every((path) => stateKeyOf(path) === assign.key);
  const source = assign.kind === 'expr' ? assign.condition.source : assign.value.source;
  return JSON.stringify([assign.kind, source, isOfItself ? '' : branch]);
}
