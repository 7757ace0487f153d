/**
 * Signals that a run may get. What a payload says is not known: which of the steps that wait for its name take it is a choice,
 * and stands in the payload.
 */
import type { SignalStep, Step } from '../definition/definition.ts';
import { compileCondition, type Condition } from '../expressions/condition.ts';
import type { Program, StepInfo } from '../../machines/program.ts';
import { recordOf } from '../../machines/record.ts';
import type { Move } from './move.ts';
import { contextOf, type Spot } from './situation.ts';

/** The payload of a signal: ids of the steps whose `match` it satisfies. */
export interface ChosenPayload {
  readonly takers: readonly string[];
}

/** In place of the `match` of a step. */
export function takesItself({ id }: SignalStep): Condition {
  return compileCondition(`"${id}" in {{signal.payload.takers}}`, { roots: ['signal'] });
}

/** The steps that a payload is meant for, and those that take any. */
export function takersOf(program: Program, name: string, payload: unknown): readonly StepInfo[] {
  const { takers } = payload as ChosenPayload;
  return waitingFor(program, name).filter(
    ({ step }) => takers.includes(step.id) || (step.type === 'signal' && step.match === null),
  );
}

function waitingFor(program: Program, name: string): readonly StepInfo[] {
  return program.steps.filter(({ step }) => step.type === 'signal' && step.name === name);
}

/** Signals that somebody waits for. */
export function signalsOf({ compiled: { program }, run }: Spot): readonly Move[] {
  const names = new Map<string, StepInfo[]>();
  for (const info of program.steps) {
    const name = nameOf(info.step);
    if (name === null || !isWaiting(run, info.index)) continue;
    names.set(name, [...(names.get(name) ?? []), info]);
  }
  return [...names].flatMap(([name, waiting]) => [...singles(name, waiting), ...broadcasts(name, waiting)]);
}

/** The first that it matches takes it. */
function singles(name: string, waiting: readonly StepInfo[]): readonly Move[] {
  const first = waiting.findIndex(({ step }) => step.type === 'signal' && step.match === null);
  const able = first === -1 ? waiting : waiting.slice(0, first + 1);
  return able.map((taker) => {
    const label = able.length === 1 ? `signal ${name}` : `signal ${name} for ${taker.step.id}`;
    return signalMove(name, [taker], { label, outcome: 'waited for', within: taker.index });
  });
}

/** What a step emits is for all who wait. */
function broadcasts(name: string, waiting: readonly StepInfo[]): readonly Move[] {
  if (waiting.length < 2) return [];
  const always = waiting.filter(({ step }) => step.type === 'signal' && step.match === null);
  const choosy = waiting.filter((each) => !always.includes(each));
  return subsets(choosy).flatMap((chosen) => {
    const takers = [...always, ...chosen];
    if (takers.length < 2) return [];
    const label = `event ${name} for ${takers.map(({ step }) => step.id).join(' and ')}`;
    return [signalMove(name, takers, { label, outcome: 'broadcast', within: null }, true)];
  });
}

function subsets<T>([first, ...others]: readonly T[]): readonly (readonly T[])[] {
  if (first === undefined) return [[]];
  const rest = subsets(others);
  return [...rest, ...rest.map((each) => [first, ...each])];
}

/** A signal that comes before the step waits that will take it; null where another takes it at once. */
export function earlySignal({ compiled: { program }, run }: Spot, id: string): Move | null {
  const info = program.steps[program.byId.get(id) ?? -1];
  const name = info === undefined ? null : nameOf(info.step);
  if (info === undefined || name === null) return null;
  const isTaken = waitingFor(program, name).some(
    ({ step, index }) => (step.id === id || (step.type === 'signal' && step.match === null)) && isWaiting(run, index),
  );
  if (isTaken) return null;
  return signalMove(name, [info], { label: `signal ${name} comes early`, outcome: 'early', within: null });
}

/** Ids of the signal steps of a run that came to wait, or took what was there, with what led from one situation to another. */
export function arrivedAt(before: Spot, after: Spot): readonly string[] {
  return after.compiled.program.steps.flatMap(({ step, index }) => {
    if (nameOf(step) === null) return [];
    const was = recordOf(contextOf(before.run), index);
    const is = recordOf(contextOf(after.run), index);
    const isNew = is.visit !== was.visit || was.status !== 'running';
    return isNew && isWaiting(after.run, index) ? [step.id] : [];
  });
}

function nameOf(step: Step): string | null {
  return step.type === 'signal' ? step.name : null;
}

function isWaiting(run: Spot['run'], index: number): boolean {
  const { status, sideAttempt } = recordOf(contextOf(run), index);
  return status === 'running' && sideAttempt === undefined;
}

function signalMove(
  name: string,
  takers: readonly StepInfo[],
  said: Pick<Move, 'label' | 'outcome' | 'within'>,
  isBroadcast = false,
): Move {
  const payload: ChosenPayload = { takers: takers.map(({ step }) => step.id) };
  return {
    kind: 'signal',
    ...said,
    step: null,
    about: name,
    event: () => ({
      type: 'signal.received',
      name,
      payload: { v: payload },
      ...(isBroadcast ? { isBroadcast: true as const } : {}),
    }),
  };
}
