/** The union of all that can be written as a step. */
import type {
  BasicForm,
  CachedForm,
  CommonForm,
  CompensatedForm,
  DataForm,
  LimitedForm,
  SkippableForm,
  ValueForm,
} from './forms.ts';
import type { StepTypeDefinition } from './step-type.ts';
import type { AgentForm } from './types/agent.ts';
import type { ConditionalForm } from './types/conditional.ts';
import type { EmitForm } from './types/emit.ts';
import type { HttpForm } from './types/http.ts';
import type { HumanForm } from './types/human.ts';
import type { ItemsLoopForm, UntilLoopForm, WhileLoopForm } from './types/loop.ts';
import type { ParallelForm } from './types/parallel.ts';
import type { SequentialForm } from './types/sequential.ts';
import type { SignalForm } from './types/signal.ts';
import type { SwitchForm } from './types/switch.ts';
import type { TemplateForm, TransformForm } from './types/transform.ts';
import type { WaitForm } from './types/wait.ts';
import type { WorkflowForm } from './types/workflow.ts';

/** A step of a user's type: its fields, each of which may be a template instead. */
export type CustomForm<Type> =
  Type extends StepTypeDefinition<infer Name, infer Input>
    ? { readonly type: Name } & { readonly [Field in keyof Input]: Input[Field] | `${string}{{${string}` }
    : never;

type CachedWork<Context, Custom> = CachedForm &
  (
    | AgentForm<Context>
    | TransformForm<Context, ValueForm<Context>, unknown, unknown>
    | TemplateForm<DataForm>
    | HttpForm<Context>
    | CustomForm<Custom>
  );

/** Steps that do something outside of the run. */
type Work<Context, Custom> = LimitedForm & (CachedWork<Context, Custom> | WorkflowForm<Context>);

/** Without its id. */
export type AuthorStep<Context, Custom = never> = CommonForm<InlineStep<Context, Custom>> &
  (
    | (SkippableForm<Context> &
        (
          | (CompensatedForm<CompensationStep<Context, Custom>> &
              (Work<Context, Custom> | EmitForm<Context> | HumanForm))
          | SequentialForm<InnerStep<Context, Custom>>
          | ParallelForm<InnerStep<Context, Custom>>
          | SwitchForm<Context, InlineStep<Context, Custom>>
          | ItemsLoopForm<Context, InnerStep<Context, Custom>, InlineStep<Context, Custom>>
          | WhileLoopForm<Context, InnerStep<Context, Custom>, InlineStep<Context, Custom>>
          | UntilLoopForm<Context, InnerStep<Context, Custom>, InlineStep<Context, Custom>>
          | SignalForm
        ))
    | ConditionalForm<Context, InlineStep<Context, Custom>>
    | WaitForm<Context, InlineStep<Context, Custom>>
  );

/** A step in a list. */
export type InnerStep<Context, Custom = never> = { readonly id: string } & AuthorStep<Context, Custom>;

/** A step in a field; without an id it gets one from the step around it. */
export type InlineStep<Context, Custom = never> = { readonly id?: string } & AuthorStep<Context, Custom>;

interface NothingAfter {
  readonly output?: never;
  readonly onError?: never;
  readonly assign?: never;
  readonly compensate?: never;
  readonly cache?: never;
}

/** A step that undoes what another did; nothing follows it. */
export type CompensationStep<Context, Custom = never> = { readonly id?: string } & BasicForm &
  NothingAfter &
  SkippableForm<Context> &
  LimitedForm &
  (
    | AgentForm<Context>
    | TransformForm<Context, ValueForm<Context>, unknown, unknown>
    | TemplateForm<DataForm>
    | HttpForm<Context>
    | WorkflowForm<Context>
    | EmitForm<Context>
    | CustomForm<Custom>
  );
