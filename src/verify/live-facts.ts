/**
 * What something ahead can still read: the values at the paths that guards look at, what is put where they look, verdicts that were
 * chosen without data, and the parts of what is still being made. What nothing ahead reads is no fact.
 */
import { Choice } from '../core/choice.ts';
import type { RunState } from '../core/run-state.ts';
import type { Condition } from '../expressions/condition.ts';
import type { Path } from '../expressions/path.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { RunContext } from '../../machines/context.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import { stepInfo, type Program } from '../../machines/program.ts';
import { isPure } from '../../machines/purity.ts';
import { recordOf } from '../../machines/record.ts';
import { createScope } from '../../machines/scope.ts';
import { keptReader } from '../../machines/stored-reader.ts';
import { Ahead } from './ahead.ts';
import { positionsOf } from './chart-shape.ts';
import { countsOf } from './counting.ts';
import { isFree } from './free-choice.ts';
import { decidedBy, readingsOf, type Reading } from './readings.ts';
import { contextOf } from './situation.ts';
import { assignsOf, pathsOf } from './state-writes.ts';
import { partsUnderWay } from './under-way.ts';

/** By the step of this program that reads (a loop reads for its rounds). */
interface Read extends Pick<Reading, 'program' | 'place' | 'paths'> {
  readonly step: number;
  /** Null: nothing is decided here. */
  readonly decision: Condition | ValueTemplate | null;
}

export class LiveFacts {
  readonly #program: Program;
  readonly #ahead: Ahead;
  readonly #reads: readonly Read[];

  constructor(program: Program) {
    this.#program = program;
    this.#ahead = new Ahead(program);
    const decided = readingsOf(program).map((reading) => ({ ...reading, decision: decidedBy(reading) }));
    this.#reads = [...decided, ...assignedIn(program)].map(({ program: from, step, place, paths, decision }) => ({
      ...{ program: from, place, paths, decision },
      step: from === program ? step : loopOf(program, from),
    }));
  }

  /** By step number: 1 where a step may be entered or left from here on. */
  ahead(run: RunState): Uint8Array {
    return this.#ahead.from(positionsOf(this.#program, run), contextOf(run).error !== null);
  }

  /** @param live as {@link ahead} gives it */
  of(run: RunState, live: Uint8Array): readonly string[] {
    const context = contextOf(run);
    const facts: string[] = [];
    const seen = new Set<string>();
    for (const read of this.#reads) {
      if (live[read.step] !== 1) continue;
      facts.push(...this.#verdictOf(context, read));
      const view = read.program === this.#program ? context : frozenFor(run, this.#program, read.step);
      for (const path of read.paths) {
        const name = `${view === context ? '' : read.step}${path.source}`;
        if (seen.has(name) || !this.#isHere(read, path)) continue;
        seen.add(name);
        for (const each of [path, ...partsUnderWay(this.#program, view, path)])
          facts.push(`${name}${each === path ? '' : each.source}=${this.#valueOf(view, read.step, each)}`);
      }
    }
    return facts;
  }

  #verdictOf(context: RunContext, { step, place, decision, paths, program: from }: Read): readonly string[] {
    if (decision === null || !isFree(decision)) return [];
    const isReadable =
      from === this.#program || paths.every((path) => !isOwnOf(from, path) && isPure(this.#program, path));
    if (!isReadable) return [];
    return [`${step}${place}?${String(decision.known(createScope(this.#program, context, step, keptReader)))}`];
  }

  /** Whether what a path says is there outside of the body of a loop. */
  #isHere({ program: from }: Read, path: Path): boolean {
    if (path.segments[0] === 'loop' || (from !== this.#program && isOwnOf(from, path))) return false;
    return isPure(this.#program, path);
  }

  #valueOf(context: RunContext, step: number, path: Path): string {
    const value = createScope(this.#program, context, step, keptReader)(path);
    if (value instanceof Choice) return `choice ${[...value.aliases].join('|')}`;
    return value === undefined ? 'undefined' : JSON.stringify(value);
  }
}

/** What is put into keys of the state that guards read. */
function assignedIn(program: Program): readonly Read[] {
  const { relevant } = countsOf(program);
  return assignsOf(program).flatMap(({ program: from, step, assign }) =>
    assign.kind !== 'expr' && relevant.has(assign.key) && isWithin(program, from)
      ? [{ program: from, step, place: 'assign' as const, decision: null, paths: pathsOf(assign) }]
      : [],
  );
}

function isWithin(program: Program, inner: Program): boolean {
  return inner === program || (inner.loop !== null && isWithin(program, inner.loop.outer));
}

/** The run as the rounds of a loop see it: as it was when the loop began. */
function frozenFor(run: RunState, program: Program, loop: number): RunContext {
  const effect = run.effects.get(stepInfo(program, loop).step.id)?.input as EffectInput | undefined;
  const context = contextOf(run);
  if (effect === undefined) return context;
  return { ...effect.context, state: recordOf(context, loop).frozenState ?? effect.context.state };
}

/** A path of a loop's body that names a step, or an output, of that body. */
function isOwnOf(body: Program, { segments: [root, name = ''] }: Path): boolean {
  return (root === 'steps' && body.byId.has(name)) || (root === 'vars' && body.vars.has(name));
}

/** The loop of `program` that holds the body of another. */
function loopOf(program: Program, inner: Program): number {
  let at = inner;
  while (at.loop !== null && at.loop.outer !== program) at = at.loop.outer;
  return program.byId.get(at.loop?.step.id ?? '') ?? 0;
}
