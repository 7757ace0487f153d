/** Waiting for a named signal; one that came before is taken at once. */
import type { Condition } from '../src/expressions/condition.ts';
import type { Path, Scope } from '../src/expressions/path.ts';
import { readOwn } from '../src/expressions/path.ts';
import type { KeptSignal, RunContext } from './context.ts';
import { signalEvent } from './machine-event.ts';
import { stepInfo, type Program } from './program.ts';
import { recordOf } from './record.ts';
import { createScope } from './scope.ts';
import { keptReader } from './stored-reader.ts';
import { named, type Body } from './step.ts';

export const signalBody: Body = (_maker, { step, index }, endings) => ({
  initial: '$looking',
  states: {
    $looking: {
      always: [
        endings.success('keptSignal', { guard: named('hasSignal', { step: index }) }),
        { target: `#${step.id}.$running.$waiting` },
      ],
    },
    $waiting: {
      tags: ['signal'],
      on: { [signalEvent]: [endings.success('received', { guard: named('isSignal', { step: index }) })] },
    },
  },
});

/** Whether a payload (or what was kept of it) is what a signal step waits for. */
export function matchesSignal(
  program: Program,
  context: RunContext,
  step: number,
  name: string,
  read: (path: Path) => unknown,
): boolean {
  const { step: signal } = stepInfo(program, step);
  if (signal.type !== 'signal' || signal.name !== name) return false;
  if (signal.match === null) return true;
  const inner = createScope(program, context, step, keptReader);
  const scope: Scope = (path) => (path.segments[0] === 'signal' ? read(path) : inner(path));
  return signal.match.test(scope);
}

/** `signal.payload.x` of a payload. */
export function readPayload(payload: unknown): (path: Path) => unknown {
  return (path) => (path.segments[1] === 'payload' ? readOwn(payload, path.segments, 2) : undefined);
}

/**
 * The oldest kept signal that a step waits for; -1 when there is none. Steps that look at the same time all see the same signals:
 * each leaves those alone that the steps before it take.
 */
export function findKept(program: Program, context: RunContext, step: number): number {
  const taken = new Set<number>();
  for (const each of waiting(program, context)) {
    const found = context.signals.findIndex(
      (kept, at) =>
        !taken.has(at) && matchesSignal(program, context, each, kept.name, (path) => kept.matching[path.source]),
    );
    if (each === step) return found;
    taken.add(found);
  }
  return -1;
}

/** Of the steps that wait for a signal, the first one it matches: it is taken once. */
export function takesSignal(
  program: Program,
  context: RunContext,
  step: number,
  name: string,
  read: (path: Path) => unknown,
): boolean {
  return waiting(program, context).find((each) => matchesSignal(program, context, each, name, read)) === step;
}

const signalSteps = new WeakMap<Program, readonly number[]>();

/** Signal steps that have not got theirs yet, in the order of the definition. */
function waiting(program: Program, context: RunContext): readonly number[] {
  let steps = signalSteps.get(program);
  if (steps === undefined) {
    steps = program.steps.flatMap(({ step, index }) => (step.type === 'signal' ? [index] : []));
    signalSteps.set(program, steps);
  }
  return steps.filter((index) => {
    const { status, sideAttempt } = recordOf(context, index);
    // Handlers and `assign` of a step that has got its signal are side effects.
    return status === 'running' && sideAttempt === undefined;
  });
}

/** What is to be kept of a signal that nobody takes now. */
export function keepSignal(
  program: Program,
  name: string,
  payload: unknown,
  output: KeptSignal['output'],
  kept: KeptSignal['kept'],
): KeptSignal {
  const matching: Record<string, unknown> = {};
  const read = readPayload(payload);
  for (const path of matchPaths(program, name)) matching[path.source] = read(path);
  return { name, output, matching, ...(kept === undefined ? {} : { kept }) };
}

function matchPaths(program: Program, name: string): readonly Path[] {
  return program.steps.flatMap(({ step }) =>
    step.type === 'signal' && step.name === name ? payloadPaths(step.match) : [],
  );
}

function payloadPaths(match: Condition | null): readonly Path[] {
  return match === null ? [] : match.paths.filter((path) => path.segments[0] === 'signal');
}
