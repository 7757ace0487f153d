/** The statechart of every step type. Adding a type adds a line. */
import type { Step, StepType } from '../src/definition/definition.ts';
import { effectBody } from './effect.ts';
import { loopBody } from './loop.ts';
import { parallelBody } from './parallel.ts';
import { humanBody } from './human.ts';
import { conditionalBody, switchBody } from './route.ts';
import { sequentialBody } from './sequence.ts';
import { signalBody } from './signal.ts';
import type { Body } from './step.ts';
import { waitBody } from './wait.ts';

const bodies: Readonly<Record<StepType, Body>> = {
  agent: effectBody,
  http: effectBody,
  transform: effectBody,
  custom: effectBody,
  sequential: sequentialBody,
  parallel: parallelBody,
  conditional: conditionalBody,
  switch: switchBody,
  loop: loopBody,
  wait: waitBody,
  signal: signalBody,
  human: humanBody,
  workflow: effectBody,
  emit: effectBody,
};

export function bodyOf(step: Step): Body {
  return bodies[step.type];
}
