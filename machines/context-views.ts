/**
 * What functions of the author see of the run: the workflow, a step, a loop. Their fields are read from the run when they are asked for.
 */
import { deepFreeze } from '../src/core/json.ts';
import type * as Shapes from '../src/definition/step-context.ts';
import { addLazyFields, lazyFields } from './lazy-fields.ts';
import type { LoopLevel } from './loop-level.ts';
import type { Program } from './program.ts';
import { inspected, present } from './shown-context.ts';
import type { StoredReader } from './stored-reader.ts';

/** The value at a path, given as its segments. */
export type Read = (...segments: string[]) => unknown;

export class WorkflowView implements Shapes.WorkflowView {
  declare readonly input: unknown;
  declare readonly name: string;
  declare readonly version: string;
  declare readonly runId: string;
  declare readonly startedAt: string;
  declare readonly error: Shapes.WorkflowView['error'];
  readonly #read: Read;

  static readonly #lazy = lazyFields<WorkflowView>({
    input() {
      return this.#read('workflow', 'input');
    },
  });

  constructor(read: Read, { definition }: Program) {
    this.#read = read;
    addLazyFields(this, WorkflowView.#lazy);
    this.name = definition.name;
    this.version = definition.version;
    this.runId = read('workflow', 'runId') as string;
    this.startedAt = read('workflow', 'startedAt') as string;
    this.error = (read('workflow', 'error') ?? null) as Shapes.WorkflowView['error'];
  }

  [inspected](): unknown {
    return present(this);
  }
}

export class StepView implements Shapes.StepView {
  declare readonly output: unknown;
  declare readonly status: Shapes.StepView['status'];
  declare readonly error: Shapes.StepView['error'];
  declare readonly branch: string | null;
  declare readonly attempts: number;
  declare readonly metadata: Shapes.StepView['metadata'];
  readonly #read: (field: string) => unknown;

  static readonly #lazy = lazyFields<StepView>({
    output() {
      return this.#read('output');
    },
    status() {
      return (this.#read('status') ?? 'pending') as Shapes.StepView['status'];
    },
    error() {
      return (this.#read('error') ?? null) as Shapes.StepView['error'];
    },
    branch() {
      return (this.#read('branch') ?? null) as string | null;
    },
    attempts() {
      return (this.#read('attempts') ?? 0) as number;
    },
    metadata() {
      return (this.#read('metadata') ?? {}) as Shapes.StepView['metadata'];
    },
  });

  constructor(read: Read, id: string) {
    this.#read = (field) => read('steps', id, field);
    addLazyFields(this, StepView.#lazy);
  }

  [inspected](): unknown {
    return present(this);
  }
}

export class LoopView implements Shapes.LoopView {
  declare readonly item: unknown;
  declare readonly index: number;
  declare readonly parent: LoopView | null;
  readonly #level: LoopLevel;
  readonly #reader: StoredReader;

  static readonly #lazy = lazyFields<LoopView>({
    item() {
      return deepFreeze(this.#level.item(this.#reader, []));
    },
    index() {
      return this.#level.index;
    },
    parent() {
      const parent = this.#level.parent();
      return parent === null ? null : new LoopView(parent, this.#reader);
    },
  });

  constructor(level: LoopLevel, reader: StoredReader) {
    this.#level = level;
    this.#reader = reader;
    addLazyFields(this, LoopView.#lazy);
  }

  [inspected](): unknown {
    const { item, index, parent } = this;
    return { item, index, ...(parent === null ? {} : { parent }) };
  }
}
