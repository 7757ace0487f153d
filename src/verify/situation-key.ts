/**
 * When two situations are the same: the chart stands at the same place, and whatever something ahead can still read is the same.
 * What nothing ahead reads makes no difference, and neither does which branch of a parallel step has ended how, once it is
 * settled what becomes of the whole.
 */
import type { RunState } from '../core/run-state.ts';
import type { RunContext } from '../../machines/context.ts';
import { stepInfo, type Program, type StepInfo } from '../../machines/program.ts';
import { recordOf } from '../../machines/record.ts';
import { essentialWrites } from './assigned.ts';
import { withoutNumbers } from './bindings.ts';
import { shapeOf } from './chart-shape.ts';
import type { Desk } from './desk.ts';
import { askedOf, toldBy } from './errors-asked.ts';
import { kindOfFailure } from './failures.ts';
import { LiveFacts } from './live-facts.ts';
import { contextOf, type Situation, type Spot } from './situation.ts';

export class Keys {
  readonly #desk: Desk;
  readonly #live = new Map<Program, LiveFacts>();

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
      shapeOf(program, contextOf(run), value),
      this.#facts(program, run),
      ...[...rounds].map(
        ([id, round]) =>
          `${id}*${round.count}${round.isOpen ? 'o' : ''}${this.#writes(program, round.writes)}(${this.#spot(round.spot)})`,
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
    const live = this.#factsOf(program).ahead(run);
    const facts: string[] = [
      `${context.error === null ? '' : 'e'}${context.cancelled === null ? '' : 'c'}${context.isBreak ? 'b' : ''}`,
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
      // What went wrong in a branch is said by the whole step, when it is over.
      if (status === 'failed' && error !== undefined && isBranchUnderWay(program, context, info))
        facts.push(`${info.index}!${toldBy(askedOf(program, info.index), error)}`);
      if (isLive && info.isBranch && chosenBy !== undefined) facts.push(`${info.index}<${chosenBy}`);
      if (isLive && jumps !== undefined && jumps > 0) facts.push(`${info.index}^${jumps}`);
    }
    for (const { name, matching } of context.signals) facts.push(`!${name}${JSON.stringify(matching)}`);
    facts.push(undoOf(context));
    facts.push(...this.#factsOf(program).of(run, live));
    if (context.outer !== null || context.writes.length > 0) facts.push(this.#writes(program, context.writes));
    return facts.join(',');
  }

  #factsOf(program: Program): LiveFacts {
    let known = this.#live.get(program);
    if (known === undefined) this.#live.set(program, (known = new LiveFacts(program)));
    return known;
  }
}

function isBranchUnderWay(program: Program, context: RunContext, { parent }: StepInfo): boolean {
  if (parent === null || recordOf(context, parent).status !== 'running') return false;
  return stepInfo(program, parent).step.type === 'parallel' && askedOf(program, parent).length > 0;
}

/** What is to be undone, in order, and how far that has got. */
function undoOf({ undo, undoing, notUndone, compensation, isCancelAsked }: RunContext): string {
  const entries = undo.map(({ step, effect }) => `${step}${effect}`).join(' ');
  return `~${entries}<${undoing?.step ?? ''}${undoing?.effect ?? ''}<${notUndone.length > 0 ? 'not all' : ''}${compensation ?? ''}${isCancelAsked ? 'c' : ''}`;
}
