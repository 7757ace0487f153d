/** The table of step types. A new type is a new file and a line here. */
import type { Step } from '../definition.ts';
import type { Expression, StepKind } from '../step-kind.ts';
import { commonExpressions } from '../step-kind.ts';
import { agent } from './agent.ts';
import { conditional } from './conditional.ts';
import { customKind } from './custom.ts';
import { emit } from './emit.ts';
import { http } from './http.ts';
import { human } from './human.ts';
import { loop } from './loop.ts';
import { parallel } from './parallel.ts';
import { sequential } from './sequential.ts';
import { signal } from './signal.ts';
import { switchKind } from './switch.ts';
import { transform } from './transform.ts';
import { wait } from './wait.ts';
import { workflow } from './workflow.ts';

export const stepKinds: ReadonlyMap<string, StepKind> = new Map(
  [
    agent,
    sequential,
    parallel,
    conditional,
    switchKind,
    transform,
    http,
    wait,
    loop,
    signal,
    human,
    workflow,
    emit,
  ].map((kind) => [kind.type, kind]),
);

/** Names from other tools, and what they are here. */
export const typeHints: Readonly<Record<string, string>> = {
  approval: "a pause for a person is type 'human'",
  if: "did you mean 'conditional'?",
  branch: "did you mean 'conditional' or 'switch'?",
  delay: "did you mean 'wait'?",
  sleep: "did you mean 'wait'?",
  foreach: "did you mean 'loop'?",
  map: "did you mean 'loop'?",
  function: "did you mean 'transform'?",
  code: "did you mean 'transform'?",
  request: "did you mean 'http'?",
  fetch: "did you mean 'http'?",
  group: "did you mean 'sequential'?",
  sequence: "did you mean 'sequential'?",
  approve: "a pause for a person is type 'human'",
  task: "a pause for a person is type 'human'",
  event: "to wait for one use 'signal', to publish one 'emit'",
  publish: "did you mean 'emit'?",
  subworkflow: "did you mean 'workflow'?",
  child: "did you mean 'workflow'?",
  prompt: "did you mean 'agent' (with action 'prompt')?",
  llm: "did you mean 'agent'?",
};

const custom = customKind('custom', null, []);

/** All expressions that stand in a step itself (not in steps inside it). */
export function expressionsOf(step: Step): readonly Expression[] {
  const kind = step.type === 'custom' ? custom : (stepKinds.get(step.type) as StepKind);
  return [...commonExpressions(step), ...kind.expressions(step)];
}
