/** How the effects of steps, and of the run itself, may end. */
import type { ErrorData } from '../core/errors.ts';
import type { Step } from '../definition/definition.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import type { Program } from '../../machines/program.ts';
import { recordOf } from '../../machines/record.ts';
import { assignedWrites } from './assigned.ts';
import { Computed } from './computed.ts';
import { failuresOf, failuresOfRun, variantsOf } from './failures.ts';
import { unknownOutput } from './model.ts';
import { fails, gives, type Outcome } from './move.ts';
import { mayMiss } from './templates.ts';

/** The run's own: its output, its handlers. */
export function runOutcomes(program: Program, { kind }: EffectInput): readonly Outcome[] {
  const { output } = program.definition;
  if (kind === 'output') {
    const canFail = output?.kind === 'function' || (output !== null && mayMiss(program, output.template));
    return [
      gives('the output is made', unknownOutput),
      ...(canFail ? ofRun(program, 'the output cannot be made') : []),
    ];
  }
  const done = gives(
    `onWorkflow${kind === 'start' ? 'Start' : kind === 'error' ? 'Error' : 'Complete'} is done`,
    null,
    'completes',
    true,
  );
  return kind === 'start' ? [done, ...ofRun(program, 'onWorkflowStart throws')] : [done];
}

function ofRun(program: Program, label: string): readonly Outcome[] {
  return failuresOfRun(program).map(({ words, error }) => fails(`${label}${words}`, `fails${words}`, error));
}

/** Of a step: its work, what decides for it, its handlers, its writes. */
export function stepOutcomes(program: Program, step: Step, input: EffectInput): readonly Outcome[] {
  const { kind, step: index } = input;
  const failures = (label: string, canFail: boolean): readonly Outcome[] =>
    !canFail || index === null
      ? []
      : failuresOf(program, index).map(({ words, error }) => fails(`${label}${words}`, `fails${words}`, error));
  switch (kind) {
    case 'work':
      return [...answers(step, input), ...failures(`${step.id} fails`, workCanFail(program, step))];
    case 'decide':
      if (isGate(input)) return [...verdicts(step), ...failures(`${step.id}: its condition throws`, gateCanFail(step))];
      return [...decisions(step), ...failures(`${step.id}: its condition throws`, decisionCanFail(program, step))];
    case 'start':
      return [
        gives(`${step.id}: onStepStart is done`, null, 'completes', true),
        ...failures(`${step.id}: onStepStart throws`, true),
      ];
    case 'complete':
      return [
        gives(`${step.id}: onStepComplete is done`, null, 'completes', true),
        ...failures(`${step.id}: onStepComplete throws`, true),
      ];
    case 'error':
      return [
        gives(`${step.id}: onStepError mends nothing`, null, 'none', true),
        gives(`${step.id}: onStepError mends it`, unknownOutput, 'mends'),
        ...failures(`${step.id}: onStepError throws`, true),
      ];
    case 'assign':
      return [
        {
          kind: 'completes',
          label: `${step.id} writes to the state`,
          outcome: 'completes',
          result: (spot) => ({ output: { v: null }, none: true, writes: assignedWrites(spot, step) }),
        },
        ...failures(`${step.id}: its assign fails`, assignCanFail(program, step)),
      ];
    case 'undo':
      return undone(step);
    case 'substitute':
      return substituted(program, step, input);
    default:
      return [gives(`${step.id} completes`, unknownOutput)];
  }
}

function undone(step: Step): readonly Outcome[] {
  return [
    gives(`${step.id} is undone`, 'undone', 'undone'),
    ...(step.type === 'workflow'
      ? [
          gives(`${step.id}: its child had completed`, 'completed', 'completed'),
          gives(`${step.id}: nobody knows of its child`, 'unknown', 'unknown'),
        ]
      : []),
    gives(`${step.id} is not undone`, 'incomplete', 'incomplete'),
    fails(`${step.id} cannot be undone`, 'fails'),
  ];
}

function substituted(program: Program, step: Step, input: EffectInput): readonly Outcome[] {
  return [
    step.onError.kind === 'output'
      ? computes(`${step.id}: another output in its place`, step.onError.value, input)
      : gives(`${step.id}: another output in its place`, unknownOutput),
    ...(step.onError.kind === 'output' && mayMiss(program, step.onError.value)
      ? variantsOf(missing, program, input.step).map(({ words, error }) =>
          fails(`${step.id}: no output in its place${words}`, `fails${words}`, error),
        )
      : []),
  ];
}

/** What a template reads is not there. */
const missing: ErrorData = { name: 'TemplateError', code: 'TEMPLATE_FAILED', message: 'missing', retryable: false };

function answers(step: Step, input: EffectInput): readonly Outcome[] {
  if (step.type === 'conditional') return verdicts(step);
  if (step.type === 'switch') {
    const keys = step.cases.map(({ key }) => gives(`${step.id}: ${key}`, key, `case ${key}`));
    return [...keys, gives(`${step.id}: no case`, '\u0000none', 'default')];
  }
  const template = step.type === 'transform' ? step.template : null;
  const label = `${step.id} completes`;
  return [template === null ? gives(label, unknownOutput) : computes(label, template, input)];
}

/** What the engine makes of other values. */
function computes(label: string, template: ValueTemplate, input: EffectInput): Outcome {
  return gives(label, template.constant ? template.render(() => undefined) : new Computed(template, input));
}

function verdicts(step: Step): readonly Outcome[] {
  return [gives(`${step.id}: true`, true, 'true'), gives(`${step.id}: false`, false, 'false')];
}

function decisions(step: Step): readonly Outcome[] {
  if (step.type === 'loop' && step.mode === 'items') return [gives(`${step.id}: its items are there`, unknownOutput)];
  if (step.type === 'wait' && step.while === null) return [gives(`${step.id}: its end is known`, 1_000)];
  return verdicts(step);
}

function workCanFail(program: Program, step: Step): boolean {
  if (step.type === 'transform' && step.template !== null) return mayMiss(program, step.template);
  if (step.type === 'emit') return step.payload?.kind === 'template' && mayMiss(program, step.payload.template);
  if (step.type === 'conditional') return step.decide.kind === 'function';
  return step.type === 'switch' ? step.value.kind === 'function' : true;
}

/** Whether the step is to run at all, not what its type decides on. */
function isGate({ context, step }: EffectInput): boolean {
  return step !== null && recordOf(context, step).status === 'pending';
}

function gateCanFail({ condition }: Step): boolean {
  return condition?.kind === 'function';
}

function decisionCanFail(program: Program, step: Step): boolean {
  if (step.type === 'loop') return step.items?.kind === 'function' || step.decide?.kind === 'function';
  if (step.type !== 'wait') return false;
  if (step.while !== null) return step.while.kind === 'function';
  return (
    step.until?.constant !== true ||
    (typeof step.duration !== 'number' && step.duration !== null) ||
    mayMiss(program, step.until)
  );
}

function assignCanFail(program: Program, step: Step): boolean {
  return step.assign.some(
    (each) => each.kind !== 'expr' && ((each.kind === 'merge' && !each.value.constant) || mayMiss(program, each.value)),
  );
}
