/** Output types of steps, as far as the compiler can know them. Types only. */
import type { z } from 'zod';
import type { DataForm } from './forms.ts';
import type { StepTypeDefinition } from './step-type.ts';
import type { Workflow } from './workflow.ts';

/** What `{{steps.fetch.output.title}}` gives; unknown where it is not known. */
export type PathType<Path extends string, Roots> = Path extends `${infer Head}.${infer Rest}`
  ? PathType<Rest, Member<Roots, Head>>
  : Member<Roots, Path>;

type Member<Container, Key extends string> = Key extends keyof Container
  ? Container[Key]
  : Container extends readonly (infer Item)[]
    ? Key extends `${number}`
      ? Item | undefined
      : unknown
    : unknown;

/** What data with templates becomes: a single tag its value, other text text, objects and arrays part by part. */
export type Rendered<Source, Roots> = [DataForm] extends [Source]
  ? unknown
  : Source extends (...parameters: never[]) => infer Result
    ? Awaited<Result>
    : Source extends string
      ? RenderedText<Source, Roots>
      : Source extends object
        ? { -readonly [Key in keyof Source]: Rendered<Source[Key], Roots> }
        : Source;

type RenderedText<Source extends string, Roots> = string extends Source
  ? unknown
  : Source extends `{{${infer Inner}}}`
    ? Inner extends `${string}}}${infer Between}{{${string}`
      ? Between extends ` || ` | ` ?? `
        ? unknown
        : string
      : PathType<Trim<Inner>, Roots>
    : Source extends `${string}{{${string}`
      ? Source extends `{{${string}`
        ? unknown
        : string
      : Source;

type Trim<Text extends string> = Text extends ` ${infer Rest}`
  ? Trim<Rest>
  : Text extends `${infer Rest} `
    ? Trim<Rest>
    : Text;

/** The output of a step that completed, by what its author wrote. */
export type StepOutput<Step, Roots, Custom> = RecoveredOutput<Step, PlainOutput<Step, Roots, Custom>, Roots, Custom>;

type PlainOutput<Step, Roots, Custom> = Step extends { readonly type: infer Type }
  ? Type extends 'agent'
    ? AgentOutput<Step>
    : Type extends 'sequential'
      ? LastOutput<StepsOf<Step>, Roots, Custom>
      : Type extends 'parallel'
        ? ParallelOutput<Step, Roots, Custom>
        : Type extends 'conditional' | 'switch'
          ? string | null
          : Type extends 'transform'
            ? TransformOutput<Step, Roots>
            : Type extends 'wait' | 'emit'
              ? null
              : Type extends 'loop'
                ? LoopOutput<Step, Roots, Custom>
                : Type extends 'human'
                  ? HumanOutput<Step>
                  : Type extends 'workflow'
                    ? ChildOutput<Step>
                    : CustomOutput<Type, Custom>
  : unknown;

type AgentOutput<Step> = Step extends { readonly schema: z.ZodType<infer Output> }
  ? Output
  : Step extends { readonly format: 'text' }
    ? string
    : unknown;

/** The default form's answer. */
interface Approval {
  readonly decision: 'approve' | 'reject';
  readonly comment?: string;
}

/** With who gave it; null: nobody did in time. Where a timeout leads to a step, that step's id. */
type HumanOutput<Step> =
  | (AnswerOf<Step> & { readonly by: string | null })
  | (Step extends { readonly onTimeout: infer Way }
      ? Way extends 'fail' | 'approve' | 'reject'
        ? never
        : string
      : never);

type AnswerOf<Step> = Step extends { readonly form: infer Form }
  ? Form extends z.ZodType<infer Answer>
    ? Answer
    : Readonly<Record<string, unknown>>
  : Approval;

/** `'detach'`: the run id of the child. */
type ChildOutput<Step> = Step extends { readonly mode: 'detach' }
  ? string
  : Step extends { readonly workflow: Workflow<unknown, infer Output> }
    ? Output
    : unknown;

type TransformOutput<Step, Roots> = Step extends { transform(...parameters: never[]): infer Result }
  ? Awaited<Result>
  : Step extends { readonly template: infer Template }
    ? Rendered<Template, Roots>
    : unknown;

type StepsOf<Step> = Step extends { readonly steps: infer Steps extends readonly unknown[] } ? Steps : readonly [];

type LastOutput<Steps extends readonly unknown[], Roots, Custom> = Steps extends readonly [...unknown[], infer Last]
  ? StepOutput<Last, Roots, Custom>
  : unknown;

type ParallelOutput<Step, Roots, Custom> =
  AllDone<Step> extends true
    ? { readonly [Branch in StepsOf<Step>[number] as IdOf<Branch>]: SkippedOutput<Branch, Roots, Custom> }
    : { readonly [Branch in StepsOf<Step>[number] as IdOf<Branch>]?: StepOutput<Branch, Roots, Custom> };

type AllDone<Step> = Step extends { readonly onError: 'continue' } | { readonly join: 'any' | number } ? false : true;

type IdOf<Step> = Step extends { readonly id: infer Id extends string } ? Id : never;

/** An item that failed and was collected is null. */
type LoopOutput<Step, Roots, Custom> = Step extends { readonly onItemError: 'collect' }
  ? (BodyOutput<Step, Roots, Custom> | null)[]
  : BodyOutput<Step, Roots, Custom>[];

type BodyOutput<Step, Roots, Custom> = Step extends { readonly step: infer Body }
  ? StepOutput<Body, Roots, Custom>
  : LastOutput<StepsOf<Step>, Roots, Custom>;

/** Also of types whose output is not known, such as `http`. */
type CustomOutput<Type, Custom> = [Extract<Custom, { readonly type: Type }>] extends [never]
  ? unknown
  : TypeOutput<Extract<Custom, { readonly type: Type }>>;

type TypeOutput<Custom> = Custom extends StepTypeDefinition<string, unknown, infer Output> ? Output : unknown;

type RecoveredOutput<Step, Output, Roots, Custom> = Step extends { readonly onError: infer OnError }
  ? OnError extends 'fail'
    ? Output
    : OnError extends 'continue'
      ? Output | null
      : OnError extends { readonly output: infer Value }
        ? Output | Rendered<Value, Roots>
        : OnError extends { readonly type: string }
          ? Output | StepOutput<OnError, Roots, Custom>
          : Output | undefined
  : Output;

/** Outputs by id: of a step, and of the steps inside it that other steps can name. */
export type StepOutputs<Id extends string, Step, Roots, Custom> = {
  readonly [Each in Id]: Step extends { readonly type: 'conditional' | 'wait' }
    ? StepOutput<Step, Roots, Custom>
    : SkippedOutput<Step, Roots, Custom>;
} & InnerOutputs<Step, Roots, Custom>;

type SkippedOutput<Step, Roots, Custom> = Step extends { readonly condition: unknown }
  ? StepOutput<Step, Roots, Custom> | undefined
  : StepOutput<Step, Roots, Custom>;

/** Rounds of items loops are hidden behind the loop's output. */
type InnerOutputs<Step, Roots, Custom> = Step extends { readonly type: 'loop'; readonly items: unknown }
  ? unknown
  : ListOutputs<StepsOf<Step>[number], Roots, Custom> &
      FieldOutputs<Step, 'step' | 'then' | 'else' | 'default' | 'poll' | 'onError' | 'compensate', Roots, Custom>;

type ListOutputs<Inner, Roots, Custom> = [Inner] extends [never]
  ? unknown
  : UnionToIntersection<
      Inner extends { readonly id: infer Id extends string } ? StepOutputs<Id, Inner, Roots, Custom> : unknown
    >;

type FieldOutputs<Step, Field extends string, Roots, Custom> = ListOutputs<
  Step[Field & keyof Step] & { readonly type: string },
  Roots,
  Custom
>;

type UnionToIntersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;
