/**
 * What may happen to a run next: every outcome of every effect that is under way, every timer, every answer of a person, every
 * signal, and a cancel. Owns the choice of events; what they lead to is the machine's.
 */
import type { ActiveEffect } from '../core/run-state.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import type { Program } from '../../machines/program.ts';
import { recordOf } from '../../machines/record.ts';
import { loopOutcomes } from './loop-moves.ts';
import { unknownOutput } from './model.ts';
import { toMove, type Move } from './move.ts';
import { runOutcomes, stepOutcomes } from './outcomes.ts';
import { signalsOf } from './signals.ts';
import { contextOf, type Spot } from './situation.ts';

/** Of the run itself, not of rounds inside it. */
export function movesOf(spot: Spot): readonly Move[] {
  const { program } = spot.compiled;
  const moves: Move[] = [];
  for (const effect of spot.run.effects.values()) moves.push(...outcomesOf(program, spot, effect));
  for (const { name, setBy } of spot.run.timers.values())
    if (!isOver(program, spot, name)) moves.push(timerMove(program, name, setBy));
  moves.push(...answersOf(program, spot), ...signalsOf(spot));
  return moves;
}

/** The total time of a branch that has ended runs on until the parallel step does, and changes nothing. */
function isOver(program: Program, { run }: Spot, timer: string): boolean {
  const index = program.byId.get(timer.slice(timer.indexOf(':') + 1));
  return index !== undefined && over.has(recordOf(contextOf(run), index).status);
}

const over: ReadonlySet<string> = new Set(['completed', 'failed', 'skipped', 'cancelled']);

export const startMove: Move = {
  kind: 'start',
  label: 'start',
  step: null,
  within: null,
  about: 'run',
  outcome: 'start',
  event: ({ compiled: { program } }) => ({
    type: 'run.started',
    workflow: program.definition.name,
    version: program.definition.version,
    hash: program.definition.hash,
    format: 1,
    input: { v: unknownOutput },
  }),
};

export const cancelMove: Move = {
  kind: 'cancel',
  label: 'cancel',
  step: null,
  within: null,
  about: 'run',
  outcome: 'cancel',
  event: () => ({ type: 'run.cancelled' }),
};

function timerMove(program: Program, name: string, setBy: number): Move {
  const [kind = '', step = ''] = name.split(':');
  const about = step === '$run' ? 'the run' : step;
  const words: Readonly<Record<string, string>> = {
    timeout: `${about} times out`,
    total: `${about} runs out of its total time`,
    backoff: `${about} is tried again`,
    wait: `${about} is over`,
    poll: `${about} looks again`,
    maxWait: `${about} waits too long`,
  };
  return {
    kind: 'timer',
    label: words[kind] ?? name,
    step: step === '$run' ? null : step,
    // The timeout of a step that holds others belongs to none of them.
    within: program.byId.get(step) ?? null,
    about: name,
    outcome: 'fires',
    event: () => ({ type: 'timer.fired', timer: name, setBy }),
  };
}

// People.

function answersOf(program: Program, { run }: Spot): readonly Move[] {
  return program.steps.flatMap(({ step, index }) => {
    if (step.type !== 'human') return [];
    const { status, sideAttempt, error, visit } = recordOf(contextOf(run), index);
    if (status !== 'running' || sideAttempt !== undefined || error !== undefined) return [];
    const answer = (label: string, outcome: string, value: unknown): Move => ({
      kind: 'answer',
      label,
      step: step.id,
      within: index,
      about: step.id,
      outcome,
      event: () => ({ type: 'task.answered', step: step.id, visit, output: { v: value } }),
    });
    if (step.form !== null) return [answer(`${step.id} is answered`, 'answered', unknownOutput)];
    return [
      answer(`${step.id}: approve`, 'approve', { decision: 'approve', by: null }),
      answer(`${step.id}: reject`, 'reject', { decision: 'reject', by: null }),
    ];
  });
}

// Effects.

function outcomesOf(program: Program, spot: Spot, effect: ActiveEffect): readonly Move[] {
  const input = effect.input as EffectInput;
  const step = input.info?.step ?? null;
  if (effect.src === 'loop' && step?.type === 'loop') return loopOutcomes(spot, effect, step);
  const outcomes = step === null ? runOutcomes(program, input) : stepOutcomes(program, step, input);
  return outcomes.map((outcome) => toMove(effect, step, outcome));
}
