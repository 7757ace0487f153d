/** The fluent builder as authors see it: what each method takes, and what it makes known to the steps after it. */
import type { RuleForm } from './rule-types.ts';
import type { z } from 'zod';
import type { ErrorData } from '../core/errors.ts';
import type { AuthorStep, CompensationStep, InlineStep, InnerStep } from './author-step.ts';
import type { WorkflowDefinition } from './definition.ts';
import type { DurationInput } from '../core/duration.ts';
import type {
  CachedForm,
  CommonForm,
  CompensatedForm,
  DataForm,
  DecisionForm,
  LimitedForm,
  OnErrorForm,
  SchemaForm,
  ValueForm,
} from './forms.ts';
import type { Rendered, StepOutputs } from './output-types.ts';
import type { StepContext, StepView } from './step-context.ts';
import type { StepTypeDefinition } from './step-type.ts';
import type { TransformForm } from './types/transform.ts';
import type { Workflow } from './workflow.ts';

/** What the compiler knows of a workflow. */
export interface BuilderTypes {
  /** What a run is started with ... */
  readonly start: unknown;
  /** ... and what steps see of it, after the schema. */
  readonly input: unknown;
  /** Output by step id. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly state: Readonly<Record<string, unknown>>;
  readonly output: unknown;
  /** The step types passed to `createWorkflow`, as a union. */
  readonly custom: unknown;
}

/** The step's context, as functions of this workflow get it. */
export type ContextOf<T extends BuilderTypes, Input = unknown> = StepContext<
  T['input'],
  T['outputs'],
  Input,
  T['state']
>;

/** What templates can name. */
type RootsOf<T extends BuilderTypes> = {
  readonly workflow: {
    readonly input: T['input'];
    readonly name: string;
    readonly version: string;
    readonly runId: string;
    readonly startedAt: string;
  };
  readonly steps: { readonly [Id in keyof T['outputs']]: StepView<T['outputs'][Id]> };
  readonly state: T['state'];
};

type Change<T extends BuilderTypes, Changed extends Partial<BuilderTypes>> = {
  readonly start: Changed extends { readonly start: infer Start } ? Start : T['start'];
  readonly input: Changed extends { readonly input: infer Input } ? Input : T['input'];
  readonly outputs: Changed extends { readonly outputs: infer Outputs extends Readonly<Record<string, unknown>> }
    ? Outputs
    : T['outputs'];
  readonly state: Changed extends { readonly state: infer State extends Readonly<Record<string, unknown>> }
    ? State
    : T['state'];
  readonly output: Changed extends { readonly output: infer Output } ? Output : T['output'];
  readonly custom: T['custom'];
};

type Added<T extends BuilderTypes, Id extends string, Step> = Change<
  T,
  { readonly outputs: T['outputs'] & StepOutputs<Id, Step, RootsOf<T>, T['custom']> }
>;

/** A new id; the id of a step that is there already is an error. */
type NewId<T extends BuilderTypes, Id extends string> = string extends Id
  ? unknown
  : string extends keyof T['outputs']
    ? unknown
    : Id extends keyof T['outputs']
      ? { readonly error: 'a step with this id is there already' }
      : unknown;

/**
 * Fields that the step's type does not have are errors (inferred types alone would let them pass). A text rather than an
 * object type, as that would take part in typing the parameters of functions in the step.
 */
type KnownFields<Step, Form> = [UnknownField<Step, Form>] extends [never]
  ? unknown
  : `unknown field '${UnknownField<Step, Form>}'`;
type UnknownField<Step, Form> = Exclude<keyof Step, KeyOfUnion<Extract<Form, { readonly type: TypeOf<Step> }>>> &
  string;
type KeyOfUnion<Union> = Union extends unknown ? keyof Union : never;
type TypeOf<Step> = Step extends { readonly type: infer Type } ? Type : never;

type StepPattern<T extends BuilderTypes> = (keyof T['outputs'] & string) | '*' | `${string}*`;
type OutputAt<T extends BuilderTypes, Pattern extends string> = Pattern extends keyof T['outputs']
  ? T['outputs'][Pattern]
  : unknown;

/** A transform whose `data` is what its `input` gives. */
export interface TransformFields<T extends BuilderTypes, Input, Output, OnError, Condition>
  extends
    Omit<CommonForm<InlineStep<ContextOf<T>, T['custom']>>, 'onError'>,
    LimitedForm,
    CachedForm,
    CompensatedForm<CompensationStep<ContextOf<T>, T['custom']>>,
    TransformForm<ContextOf<T>, Input, Rendered<Input, RootsOf<T>>, Output> {
  readonly onError?: OnError;
  readonly condition?: Condition;
}

/** What is known of a transform by its output and its fields. */
interface TransformOf<Output, OnError> {
  readonly type: 'transform';
  transform(): Output;
  readonly onError: OnError;
}

type Skippable<Step, Condition> = [Condition] extends [never] ? Step : Step & { readonly condition: Condition };

/** Builds a workflow step by step. Every method gives the builder, with what it has learned. */
export interface WorkflowBuilder<T extends BuilderTypes> extends Workflow<T['start'], T['output']> {
  /** A UUID, version 4. */
  setId(id: string): WorkflowBuilder<T>;
  setTitle(title: string): WorkflowBuilder<T>;
  setDescription(description: string): WorkflowBuilder<T>;
  /** @default '1' */
  setVersion(version: string): WorkflowBuilder<T>;
  /** Of the whole run. @default none */
  setTimeout(timeout: DurationInput): WorkflowBuilder<T>;
  /** What has to hold on every way through the workflow: checked by `verify`, no part of the hash. */
  addRule(rule: RuleForm): WorkflowBuilder<T>;
  setTags(...tags: readonly string[]): WorkflowBuilder<T>;
  setMetadata(metadata: Readonly<Record<string, DataForm>>): WorkflowBuilder<T>;
  /** How often a step may be entered by jumps back. @default 25 */
  setMaxVisits(maxVisits: number): WorkflowBuilder<T>;
  /** What a path that is missing inside text does. @default { missing: 'error' } */
  setTemplates(options: { readonly missing: 'error' | 'empty' }): WorkflowBuilder<T>;
  /** What a run's input has to be: zod or JSON Schema. */
  setInput<const Schema extends SchemaForm>(
    schema: Schema,
  ): WorkflowBuilder<Change<T, { start: StartOf<Schema>; input: InputOf<Schema> }>>;
  /** The initial state, or a zod schema whose defaults give it. */
  setState<Schema extends z.ZodType<Readonly<Record<string, unknown>>>>(
    schema: Schema,
  ): WorkflowBuilder<Change<T, { state: z.output<Schema> }>>;
  setState<State extends Readonly<Record<string, unknown>>>(
    initial: State,
  ): WorkflowBuilder<Change<T, { state: State }>>;

  addStep<
    const Id extends string,
    const Input extends ValueForm<ContextOf<T>>,
    Output,
    const OnError extends OnErrorForm<InlineStep<ContextOf<T>, T['custom']>> = 'fail',
    const Condition extends DecisionForm<ContextOf<T>> = never,
  >(
    id: Id & NewId<T, Id>,
    step: TransformFields<T, Input, Output, OnError, Condition>,
  ): WorkflowBuilder<Added<T, Id, Skippable<TransformOf<Output, OnError>, Condition>>>;
  addStep<const Id extends string, const Step extends AuthorStep<ContextOf<T>, T['custom']>>(
    id: Id & NewId<T, Id>,
    step: Step & KnownFields<Step, AuthorStep<ContextOf<T>, T['custom']>>,
  ): WorkflowBuilder<Added<T, Id, Step>>;

  /** What a run gives: data with templates, or a function. @default all named outputs, or the last step's output */
  setOutput<Output>(output: (context: ContextOf<T>) => Output): WorkflowBuilder<Change<T, { output: Awaited<Output> }>>;
  setOutput<const Source extends DataForm>(
    output: Source,
  ): WorkflowBuilder<Change<T, { output: Rendered<Source, RootsOf<T>> }>>;
  /** Steps that run after a failure; they see `{{workflow.error}}`. */
  onFailure(steps: readonly InnerStep<ContextOf<T>, T['custom']>[]): WorkflowBuilder<T>;

  /** `pattern`: a step id, `'*'` or `'prefix*'`. Several handlers are called in order and awaited. */
  onStepStart(pattern: StepPattern<T>, handler: (stepId: string, context: ContextOf<T>) => unknown): WorkflowBuilder<T>;
  /** What it returns, if not undefined, replaces the output. */
  onStepComplete<const Pattern extends StepPattern<T>>(
    pattern: Pattern,
    handler: (stepId: string, output: OutputAt<T, Pattern>, context: ContextOf<T>) => unknown,
  ): WorkflowBuilder<T>;
  /** After the last attempt. What it returns, if not undefined, becomes the output; throwing fails the step. */
  onStepError(
    pattern: StepPattern<T>,
    handler: (stepId: string, error: ErrorData, context: ContextOf<T>) => unknown,
  ): WorkflowBuilder<T>;
  /** Throwing fails the run. */
  onWorkflowStart(handler: (input: T['input'], context: ContextOf<T>) => unknown): WorkflowBuilder<T>;
  onWorkflowComplete(handler: (output: T['output'], context: ContextOf<T>) => unknown): WorkflowBuilder<T>;
  onWorkflowError(handler: (error: ErrorData, context: ContextOf<T>) => unknown): WorkflowBuilder<T>;
  onWorkflowPause(handler: (context: ContextOf<T>) => unknown): WorkflowBuilder<T>;
  onWorkflowResume(handler: (context: ContextOf<T>) => unknown): WorkflowBuilder<T>;

  /** Not supported yet in this version: reported by `build`. */
  exposeEndpoint(path: string, options?: Readonly<Record<string, unknown>>): WorkflowBuilder<T>;
  /** Not supported yet in this version: reported by `build`. */
  webhook(path: string, options?: Readonly<Record<string, unknown>>): WorkflowBuilder<T>;
  /** Not supported yet in this version: reported by `build`. */
  schedule(
    when: string | Readonly<Record<string, unknown>>,
    options?: Readonly<Record<string, unknown>>,
  ): WorkflowBuilder<T>;
  /** Not supported yet in this version: reported by `build`. */
  on(event: string, options?: Readonly<Record<string, unknown>>): WorkflowBuilder<T>;

  /** Checks everything and gives the definition; the same one until the builder changes. @throws DefinitionError with all mistakes */
  build(): WorkflowDefinition;
}

export type StartOf<Schema> = Schema extends z.ZodType ? z.input<Schema> : unknown;
export type InputOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : unknown;

export interface CreateWorkflowOptions<Schema extends SchemaForm, Types extends readonly StepTypeDefinition[]> {
  /** What a run's input has to be: zod or JSON Schema. */
  readonly input?: Schema;
  /** @default '1' */
  readonly version?: string;
  /** Step types of your own, made with `defineStepType`. */
  readonly stepTypes?: Types;
}
