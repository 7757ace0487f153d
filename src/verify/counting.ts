/**
 * What a workflow counts, so that how often something happens makes a difference: keys of the state that grow, indexes of rounds
 * and attempts that guards look at. Where nothing counts, the third time is no other than the fourth.
 */
import type { Path } from '../expressions/path.ts';
import type { Step } from '../definition/definition.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { atomsOf, type Atom } from './atoms.ts';
import { allPrograms, outermost } from './programs.ts';
import { readingsOf, stateKeyOf, type Reading } from './readings.ts';
import { assignsOf, idsAround, pathsOf, type WrittenKey } from './state-writes.ts';

export interface Counts {
  /** Keys of the state that guards read, or that are written from what they read. */
  readonly relevant: ReadonlySet<string>;
  /** Of those, what grows with each write. */
  readonly growing: ReadonlySet<string>;
  /** Steps whose attempts are looked at. */
  readonly attempts: ReadonlySet<string>;
  /** Steps, and loops, inside of which a growing key is written. */
  readonly writers: ReadonlySet<string>;
  /** By loop: how many rounds differ from each other. Infinity: all. Absent: none but the first do. */
  readonly rounds: ReadonlyMap<string, number>;
}

const known = new WeakMap<Program, Counts>();

export function countsOf(program: Program): Counts {
  const top = outermost(program);
  let counts = known.get(top);
  if (counts === undefined) known.set(top, (counts = count(top)));
  return counts;
}

function count(top: Program): Counts {
  const readings = readingsOf(top);
  const assigns = assignsOf(top);
  const relevant = relevantKeys(readings, assigns);
  const growing = growingKeys(relevant, assigns);
  const writers = new Set<string>();
  for (const { program, step, assign } of assigns)
    if (growing.has(assign.key)) for (const id of idsAround(program, step)) writers.add(id);
  const rounds = new Map<string, number>();
  const note = (loop: Step | null, many: number): void => {
    if (loop !== null) rounds.set(loop.id, Math.max(many, rounds.get(loop.id) ?? 0));
  };
  for (const { program, step, assign } of assigns) {
    if (!relevant.has(assign.key)) continue;
    for (const path of pathsOf(assign)) note(loopLookedAt(program, step, 'assign', path), Number.POSITIVE_INFINITY);
  }
  for (const reading of readings) {
    if (reading.place === 'assign') continue;
    for (const path of reading.paths)
      note(
        loopLookedAt(reading.program, reading.step, reading.place, path),
        reading.place === 'template' ? Number.POSITIVE_INFINITY : roundsIn(reading, path),
      );
  }
  for (const program of allPrograms(top))
    for (const { step } of program.steps)
      if (step.type === 'loop' && writers.has(step.id)) note(step, Number.POSITIVE_INFINITY);
  const attempts = [...readings.map(({ paths }) => paths), ...assigns.map(({ assign }) => pathsOf(assign))].flatMap(
    (paths) => paths.flatMap(attemptsAt),
  );
  return { relevant, growing, attempts: new Set(attempts), writers, rounds };
}

// The state.

function relevantKeys(readings: readonly Reading[], assigns: readonly WrittenKey[]): ReadonlySet<string> {
  const relevant = new Set<string>();
  const open = readings.flatMap(({ place, paths }) =>
    place === 'assign' ? [] : paths.flatMap((path) => stateKeyOf(path) ?? []),
  );
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (relevant.has(key)) continue;
    relevant.add(key);
    open.push(...sourcesOf(key, assigns));
  }
  return relevant;
}

/** Keys from which a key is written. */
function sourcesOf(key: string, assigns: readonly WrittenKey[]): readonly string[] {
  return assigns
    .filter(({ assign }) => assign.key === key)
    .flatMap(({ assign }) => pathsOf(assign).flatMap((path) => stateKeyOf(path) ?? []));
}

/** Lists, and what is written from itself, be it in a roundabout way. */
function growingKeys(relevant: ReadonlySet<string>, assigns: readonly WrittenKey[]): ReadonlySet<string> {
  const isAppended = (key: string): boolean =>
    assigns.some(({ assign }) => assign.key === key && assign.kind === 'append');
  const leadsToItself = (key: string): boolean => {
    const seen = new Set<string>();
    const open = [...sourcesOf(key, assigns)];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === key) return true;
      if (seen.has(at)) continue;
      seen.add(at);
      open.push(...sourcesOf(at, assigns));
    }
    return false;
  };
  return new Set([...relevant].filter((key) => isAppended(key) || leadsToItself(key)));
}

// Rounds.

/** The loop whose index a path looks at, from where a step stands. */
function loopLookedAt(program: Program, step: number, place: Reading['place'], { segments }: Path): Step | null {
  if (segments[0] !== 'loop' || segments.at(-1) !== 'index') return null;
  const isOwn = place === 'decide' && stepInfo(program, step).step.type === 'loop';
  const loops = [...(isOwn ? [stepInfo(program, step).step] : []), ...loopsAround(program, step)];
  return loops[segments.length - 2] ?? null;
}

/** Innermost first. */
function loopsAround(program: Program, step: number): readonly Step[] {
  const inline = stepInfo(program, step).loops.map((index) => stepInfo(program, index).step);
  const { loop } = program;
  if (loop === null) return inline;
  return [...inline, loop.step, ...loopsAround(loop.outer, loop.outer.byId.get(loop.step.id) ?? 0)];
}

/** A loop's own condition needs each round; any other tells apart what it compares the index with, and what lies beyond. */
function roundsIn(reading: Reading, path: Path): number {
  if (reading.place === 'decide' && stepInfo(reading.program, reading.step).step.type === 'loop')
    return Number.POSITIVE_INFINITY;
  const limits = atomsOf(reading)
    .filter(({ paths }) => paths.some(({ source }) => source === path.source))
    .map(largestCompared);
  return Math.max(0, ...limits) + 2;
}

/** Infinity: it calculates with it. */
function largestCompared({ isComparison, literals }: Atom): number {
  if (!isComparison) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...literals.map(Number).filter((each) => !Number.isNaN(each)));
}

function attemptsAt({ segments: [root, step = '', field] }: Path): readonly string[] {
  return root === 'steps' && field === 'attempts' ? [step] : [];
}
