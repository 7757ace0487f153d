/**
 * When two situations are the same: the chart stands at the same place, and whatever something ahead can still read is the same.
 * What nothing ahead reads makes no difference, and neither does which branch of a parallel step has ended how, once it is
 * settled what becomes of the whole.
 */
import { Choice } from '../core/choice.ts';
import type { RunState } from '../core/run-state.ts';
import type { RunContext } from '../../machines/context.ts';
import type { Program } from '../../machines/program.ts';
import { stepInfo } from '../../machines/program.ts';
import { isPure } from '../../machines/purity.ts';
import { createScope } from '../../machines/scope.ts';
import { keptReader } from '../../machines/stored-reader.ts';
import { isTolerant } from '../../machines/step.ts';
import { recordOf } from '../../machines/record.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import { Ahead } from './ahead.ts';
import { kindOfFailure } from './failures.ts';
import { essentialWrites } from './assigned.ts';
import type { Desk } from './desk.ts';
import { withoutNumbers } from './bindings.ts';
import { isFreeCondition } from './model.ts';
import { readingsOf, type Reading } from './readings.ts';
import { contextOf, type Situation, type Spot } from './situation.ts';

interface Static {
  readonly ahead: Ahead;
  /** What guards read, by the step of this program that reads it (a loop reads for its rounds). */
  readonly readings: readonly { readonly step: number; readonly reading: Reading; readonly program: Program }[];
}

export class Keys {
  readonly #desk: Desk;
  readonly #static = new Map<Program, Static>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  of({ spot, bindings, turns }: Situation): string {
    const turn = turns.size === 0 ? '' : JSON.stringify([...turns]);
    return this.#desk.peek(bindings, () => withoutNumbers(`${this.#spot(spot)}${turn}`, bindings));
  }

  #spot({ compiled: { program }, run, rounds }: Spot): string {
    const value = (run.snapshot as { readonly value: unknown }).value;
    if (run.snapshot.status !== 'active') return `${JSON.stringify(value)}${this.#ending(program, run)}`;
    const parts = [
      shapeOf(program, value),
      this.#facts(program, run),
      ...[...rounds].map(
        ([id, round]) => `${id}*${round.count}${this.#writes(program, round.writes)}(${this.#spot(round.spot)})`,
      ),
    ];
    return parts.join(';');
  }

  /** Of a round that has ended: what it leaves to the run around it. */
  #ending(program: Program, run: RunState): string {
    const { isBreak, writes } = contextOf(run);
    return program.loop === null ? '' : `${String(isBreak)}${this.#writes(program, writes)}`;
  }

  #writes(program: Program, writes: RunContext['writes']): string {
    return writes.length === 0 ? '' : JSON.stringify(essentialWrites(program, writes));
  }

  #facts(program: Program, run: RunState): string {
    const context = contextOf(run);
    const { ahead, readings } = this.#staticOf(program);
    const isFailing = context.error !== null;
    const live = ahead.from(positionsOf(program, run), isFailing);
    const facts: string[] = [
      `${isFailing ? 'e' : ''}${context.cancelled === null ? '' : 'c'}${context.isBreak ? 'b' : ''}`,
    ];
    for (const info of program.steps) {
      const record = context.steps.get(info.index);
      if (record === undefined) continue;
      const { status, attempt, sideAttempt, rounds, error, waitedMs, chosenBy, jumps, branch, effect } = record;
      const isLive = live[info.index] === 1;
      if (status === 'running' || status === 'backoff') {
        const tries = info.step.retry === null ? '' : `${attempt}.${sideAttempt ?? ''}`;
        const loop = info.step.type === 'loop' ? (rounds ?? 0) : '';
        facts.push(
          `${info.index}:${tries}:${loop}:${error === undefined ? '' : `e${kindOfFailure(program, info.index, error)}`}${sideAttempt === undefined ? '' : 's'}${waitedMs ?? ''}${branch ?? ''}${effect ?? ''}`,
        );
      }
      if (isLive && info.isBranch && chosenBy !== undefined) facts.push(`${info.index}<${chosenBy}`);
      if (isLive && jumps !== undefined && jumps > 0) facts.push(`${info.index}^${jumps}`);
    }
    for (const { name, matching } of context.signals) facts.push(`!${name}${JSON.stringify(matching)}`);
    facts.push(undoOf(context));
    const seen = new Set<string>();
    for (const { step, reading, program: from } of readings) {
      if (live[step] !== 1) continue;
      if (reading.condition !== null && isFreeCondition(reading.condition) && isReadable(program, from, reading))
        facts.push(
          `${step}${reading.place}?${String(reading.condition.known(createScope(program, context, step, keptReader)))}`,
        );
      const isOfRounds = from !== program;
      const view = isOfRounds ? frozenFor(run, program, step) : context;
      for (const path of reading.paths) {
        const name = `${isOfRounds ? step : ''}${path.source}`;
        if (seen.has(name) || path.segments[0] === 'loop') continue;
        seen.add(name);
        if (isOfRounds && isOwnOf(from, path.segments)) continue;
        if (!isPure(program, path)) continue;
        facts.push(`${name}=${text(createScope(program, view, step, keptReader)(path))}`);
      }
    }
    if (context.outer !== null || context.writes.length > 0) facts.push(this.#writes(program, context.writes));
    return facts.join(',');
  }

  #staticOf(program: Program): Static {
    let known = this.#static.get(program);
    if (known === undefined) {
      const readings = readingsOf(program).map((reading) => ({
        step: reading.program === program ? reading.step : loopOf(program, reading.program),
        reading,
        program: reading.program,
      }));
      this.#static.set(program, (known = { ahead: new Ahead(program), readings }));
    }
    return known;
  }
}

/** The run as the rounds of a loop see it: as it was when the loop began. */
function frozenFor(run: RunState, program: Program, loop: number): RunContext {
  const effect = run.effects.get(stepInfo(program, loop).step.id)?.input as EffectInput | undefined;
  const context = contextOf(run);
  if (effect === undefined) return context;
  return { ...effect.context, state: recordOf(context, loop).frozenState ?? effect.context.state };
}

/** What is to be undone, in order, and how far that has got. */
function undoOf({ undo, undoing, notUndone, compensation, isCancelAsked }: RunContext): string {
  const entries = undo.map(({ step, effect }) => `${step}${effect}`).join(' ');
  return `~${entries}<${undoing?.step ?? ''}${undoing?.effect ?? ''}<${notUndone.length > 0 ? 'not all' : ''}${compensation ?? ''}${isCancelAsked ? 'c' : ''}`;
}

/** Whether all that it reads is there outside of the loop's body. */
function isReadable(program: Program, from: Program, { paths }: Reading): boolean {
  return from === program || paths.every((path) => !isOwnOf(from, path.segments) && isPure(program, path));
}

/** A path of a loop's body that names a step, or an output, of that body. */
function isOwnOf(body: Program, [root, name = '']: readonly string[]): boolean {
  return (root === 'steps' && body.byId.has(name)) || (root === 'vars' && body.vars.has(name));
}

/** The loop of `program` that holds the body of another. */
function loopOf(program: Program, inner: Program): number {
  let at = inner;
  while (at.loop !== null && at.loop.outer !== program) at = at.loop.outer;
  return program.byId.get(at.loop?.step.id ?? '') ?? 0;
}

function text(value: unknown): string {
  if (value instanceof Choice) return `choice ${[...value.aliases].join('|')}`;
  return value === undefined ? 'undefined' : JSON.stringify(value);
}

interface StateNodeLike {
  readonly type: string;
  readonly key: string;
  readonly parent?: StateNodeLike;
  readonly meta?: { readonly step?: string };
}

/** The steps in which a run stands; `isOver`: it has come to an end within its sequence or branch. */
function positionsOf(program: Program, run: RunState): readonly { readonly step: number; readonly isOver: boolean }[] {
  const nodes = (run.snapshot as unknown as { readonly _nodes: readonly StateNodeLike[] })._nodes;
  return nodes.flatMap((leaf) => {
    if (leaf.type !== 'atomic' && leaf.type !== 'final') return [];
    let node: StateNodeLike | undefined = leaf;
    while (node !== undefined && node.meta?.step === undefined) {
      if (node.key === '$boot' || node.key === '$starting')
        return program.main.steps.slice(0, 1).map((step) => ({ step, isOver: false }));
      node = node.parent;
    }
    const step = program.byId.get(node?.meta?.step ?? '');
    return step === undefined ? [] : [{ step, isOver: leaf.type === 'final' && leaf.parent === node }];
  });
}

/** The value of the chart, branches that have ended by what they mean for the whole only. */
function shapeOf(program: Program, value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => {
      const index = program.byId.get(key);
      const step = index === undefined ? undefined : stepInfo(program, index).step;
      const branches = step?.type === 'parallel' ? (inner as { readonly $running?: object }).$running : undefined;
      return `${key}{${branches === undefined ? shapeOf(program, inner) : branchesOf(program, branches, step?.type === 'parallel' && step.join === 'all')}}`;
    })
    .join('');
}

function branchesOf(program: Program, branches: object, isAll: boolean): string {
  let completed = 0;
  let failed = 0;
  const open: string[] = [];
  for (const [key, value] of Object.entries(branches)) {
    const index = program.byId.get(key.replace(/^\$/, ''));
    const inner = endOf(value);
    if (inner === null) open.push(`${key}[${shapeOf(program, value)}]`);
    else if (inner === '$completed') completed += 1;
    else if (inner === '$failed' && index !== undefined && !isTolerant(stepInfo(program, index).step)) failed += 1;
  }
  const verdict = isAll ? (failed > 0 ? 'failed' : '') : `${completed}/${failed}`;
  return `${verdict}:${open.join('')}`;
}

const ends: ReadonlySet<unknown> = new Set(['$completed', '$failed', '$skipped', '$ended']);

function endOf(value: unknown): string | null {
  if (typeof value === 'string') return ends.has(value) ? value : null;
  return null;
}
