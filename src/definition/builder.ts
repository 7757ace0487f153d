/** The fluent builder: collects what the author says; `build` reads and checks it. Its types are in builder-types.ts. */
import type { z } from 'zod';
import { DefinitionError } from '../core/errors.ts';
import type { AuthorHandler, AuthorWorkflow } from './author-workflow.ts';
import type { CreateWorkflowOptions, InputOf, StartOf, WorkflowBuilder } from './builder-types.ts';
import type { WorkflowDefinition } from './definition.ts';
import type { SchemaForm } from './forms.ts';
import { normalizeWorkflow } from './normalize.ts';
import { Session } from './session.ts';
import type { StepTypeDefinition } from './step-type.ts';
import { isZodSchema } from './data-schema.ts';

/**
 * Begins a workflow. Mistakes are reported all at once, by `build()` or when an engine takes the workflow.
 * @param name letters, digits, `_`, `-` and `.`
 */
export function createWorkflow<
  const Schema extends SchemaForm = z.ZodUnknown,
  const Types extends readonly StepTypeDefinition[] = readonly [],
>(
  name: string,
  options: CreateWorkflowOptions<Schema, Types> = {},
): WorkflowBuilder<{
  start: StartOf<Schema>;
  input: InputOf<Schema>;
  outputs: NoOutputs;
  state: Readonly<Record<string, unknown>>;
  output: unknown;
  custom: Types[number];
}> {
  const builder: unknown = new Builder(name, options);
  return builder as ReturnType<typeof createWorkflow<Schema, Types>>;
}

// oxlint-disable-next-line no-generated-empty-object-type -- there are no steps yet
type NoOutputs = Readonly<Record<never, unknown>>;

type Fields = { -readonly [Field in keyof AuthorWorkflow]: AuthorWorkflow[Field] };
type Handler = (...parameters: never[]) => unknown;
type HandlerPlace = AuthorHandler['on'];

class Builder {
  readonly #fields: Fields;
  readonly #steps: Readonly<Record<string, unknown>>[] = [];
  readonly #handlers: AuthorHandler[] = [];
  readonly #stepTypes: readonly StepTypeDefinition[];
  /** Calls of methods that do not work yet. */
  readonly #later: string[] = [];
  #built: WorkflowDefinition | null = null;

  constructor(name: string, options: CreateWorkflowOptions<SchemaForm, readonly StepTypeDefinition[]>) {
    this.#fields = { name, input: options.input, version: options.version };
    this.#stepTypes = options.stepTypes ?? [];
  }

  get name(): string {
    return String(this.#fields.name);
  }

  get definition(): WorkflowDefinition {
    return this.build();
  }

  setId(id: unknown): this {
    return this.#set('id', id);
  }

  setTitle(title: unknown): this {
    return this.#set('title', title);
  }

  setDescription(description: unknown): this {
    return this.#set('description', description);
  }

  setVersion(version: unknown): this {
    return this.#set('version', version);
  }

  setTimeout(timeout: unknown): this {
    return this.#set('timeout', timeout);
  }

  setTags(...tags: readonly unknown[]): this {
    return this.#set('tags', tags);
  }

  setMetadata(metadata: unknown): this {
    return this.#set('metadata', metadata);
  }

  setMaxVisits(maxVisits: unknown): this {
    return this.#set('maxVisits', maxVisits);
  }

  setTemplates(options: unknown): this {
    return this.#set('templates', options);
  }

  setInput(schema: unknown): this {
    return this.#set('input', schema);
  }

  setState(state: unknown): this {
    return isZodSchema(state) ? this.#set('stateSchema', state) : this.#set('state', state);
  }

  setOutput(output: unknown): this {
    return this.#set('output', output);
  }

  addStep(id: unknown, step: unknown): this {
    const isStep = typeof step === 'object' && step !== null && !Array.isArray(step);
    this.#steps.push((isStep ? { ...step, id } : step) as Readonly<Record<string, unknown>>);
    return this.#changed();
  }

  addRule(rule: unknown): this {
    return this.#set('rules', [...((this.#fields.rules as readonly unknown[] | undefined) ?? []), rule]);
  }

  onFailure(steps: unknown): this {
    return this.#set('onFailure', steps);
  }

  onStepStart(pattern: string, handler: Handler): this {
    return this.#handle('step.start', handler, pattern);
  }

  onStepComplete(pattern: string, handler: Handler): this {
    return this.#handle('step.complete', handler, pattern);
  }

  onStepError(pattern: string, handler: Handler): this {
    return this.#handle('step.error', handler, pattern);
  }

  onWorkflowStart(handler: Handler): this {
    return this.#handle('workflow.start', handler);
  }

  onWorkflowComplete(handler: Handler): this {
    return this.#handle('workflow.complete', handler);
  }

  onWorkflowError(handler: Handler): this {
    return this.#handle('workflow.error', handler);
  }

  onWorkflowPause(handler: Handler): this {
    return this.#handle('workflow.pause', handler);
  }

  onWorkflowResume(handler: Handler): this {
    return this.#handle('workflow.resume', handler);
  }

  exposeEndpoint(): this {
    return this.#notYet('exposeEndpoint');
  }

  webhook(): this {
    return this.#notYet('webhook');
  }

  schedule(): this {
    return this.#notYet('schedule');
  }

  on(): this {
    return this.#notYet('on');
  }

  build(): WorkflowDefinition {
    this.#built ??= this.#make();
    return this.#built;
  }

  #make(): WorkflowDefinition {
    const session = new Session({ source: 'code', stepTypes: this.#stepTypes, agentIds: null });
    for (const method of this.#later) {
      session.issues.add('NOT_SUPPORTED_YET', method, `${method}() is not supported yet in this version`, {
        hint: 'start runs with engine.start',
      });
    }
    const result = normalizeWorkflow({ ...this.#fields, steps: this.#steps, handlers: this.#handlers }, session);
    if (result.definition === undefined) throw new DefinitionError(`Workflow '${this.name}'`, result.issues);
    return result.definition;
  }

  #set(field: keyof AuthorWorkflow, value: unknown): this {
    this.#fields[field] = value as never;
    return this.#changed();
  }

  #handle(on: HandlerPlace, call: Handler, step?: string): this {
    this.#handlers.push({ on, step, call });
    return this.#changed();
  }

  #notYet(method: string): this {
    this.#later.push(method);
    return this.#changed();
  }

  #changed(): this {
    this.#built = null;
    return this;
  }
}
