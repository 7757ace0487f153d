/**
 * A definition prepared for its machine: steps by number, who surrounds whom, which router names which step, what guards
 * read. One program per run of a definition, and one per body of an items loop (its rounds are runs of their own).
 * Owns the shape of these tables; `create-program.ts` fills them, the statechart itself is made by `workflow.ts` from them.
 */
import type { LoopStep, Step, StepHandlers, Target, WorkflowDefinition } from '../src/definition/definition.ts';

/** A sequence of steps: the workflow's own, a group's, a loop's body, the `onFailure` steps, or one inline step. */
export interface SequenceInfo {
  readonly steps: readonly number[];
}

export interface StepInfo {
  readonly index: number;
  readonly step: Step;
  /** Number of the step around it, or null at the top. */
  readonly parent: number | null;
  /** The inline loops around it in this program, innermost first. */
  readonly loops: readonly number[];
  /** The steps before and after it that it can route to; null for branches of a parallel step and inline steps. */
  readonly sequence: SequenceInfo | null;
  /** A router before it names it: it runs only when it was chosen. */
  readonly isBranch: boolean;
  readonly handlers: StepHandlers;
  /** It undoes the step around it. */
  readonly isCompensation: boolean;
  /** Paths below `steps.<id>` that guards read, as `output.score`; filled while the program is made. */
  readonly kept: Map<string, readonly string[]>;
}

/** How a step is undone. */
export interface Undoable {
  /** `runs`: by way of the runs that it is made of (rounds, a child). */
  readonly by: 'step' | 'runs';
  /** Number of its `compensate` step. */
  readonly compensation: number | null;
  /** Steps whose records its compensation may read and another visit may change. */
  readonly reads: readonly number[];
}

export interface Program {
  readonly definition: WorkflowDefinition;
  /** The loop whose rounds it describes; null for the workflow itself. */
  readonly loop: { readonly outer: Program; readonly step: LoopStep } | null;
  readonly steps: readonly StepInfo[];
  readonly byId: ReadonlyMap<string, number>;
  /** Which steps write a var. */
  readonly vars: ReadonlyMap<string, readonly number[]>;
  readonly main: SequenceInfo;
  readonly onFailure: SequenceInfo;
  /** Programs of the bodies of items loops, by the loop's number. */
  readonly bodies: ReadonlyMap<number, Program>;
  /** What a failure of the run undoes, by the step's number. */
  readonly undoable: ReadonlyMap<number, Undoable>;
  /** Paths below `workflow.input` that guards read. */
  readonly keptInput: Map<string, readonly string[]>;
}

export function stepInfo(program: Program, index: number): StepInfo {
  const info = program.steps[index];
  if (info === undefined) throw new RangeError(`step ${index} of ${program.steps.length}`);
  return info;
}

/** The ids a target names. */
export function targetIds(target: Target | null): readonly string[] {
  return target?.kind === 'steps' ? target.ids : [];
}

/** All step ids that a step can lead to: as a router, by `onError: { goto }`. */
export function namedSteps(step: Step): readonly string[] {
  const goto = step.onError.kind === 'goto' ? [step.onError.target] : [];
  if (step.type === 'conditional') return [...targetIds(step.then), ...targetIds(step.else), ...goto];
  if (step.type === 'human' && step.onTimeout.kind === 'goto') return [step.onTimeout.target, ...goto];
  if (step.type === 'switch')
    return [...step.cases.flatMap((each) => targetIds(each.target)), ...targetIds(step.default), ...goto];
  return goto;
}
