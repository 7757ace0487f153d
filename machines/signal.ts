/** Waiting for a named signal; one that came before is taken at once. */
import type { Condition } from '../src/expressions/condition.ts';
import type { Path, Scope } from '../src/expressions/path.ts';
import { readOwn } from '../src/expressions/path.ts';
import type { KeptSignal, RunContext } from './context.ts';
import { signalEvent } from './machine-event.ts';
import { stepInfo, type Program } from './program.ts';
import { createScope, keptReader } from './scope.ts';
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

/** The oldest kept signal that a step waits for; -1 when there is none. */
export function findKept(program: Program, context: RunContext, step: number): number {
  return context.signals.findIndex((kept) =>
    matchesSignal(program, context, step, kept.name, (path) => kept.matching[path.source]),
  );
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
