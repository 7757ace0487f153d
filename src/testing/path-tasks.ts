/**
 * What people are asked on a path: titles, messages and assignees are rendered as the workflow wants it. In production a task is shown
 * also where something of it is missing; in a test that is a mistake of the workflow on that path.
 */
import type { Store } from '../core/ports.ts';
import type { WorkflowDefinition } from '../definition/index.ts';
import { Catalog } from '../engine/runs/catalog.ts';
import type { Engine } from '../engine/engine.ts';
import { loadRun } from '../engine/runs/load.ts';
import { Values } from '../engine/dispatch/values.ts';
import type { RunContext } from '../../machines/context.ts';
import { stepInfo } from '../../machines/program.ts';
import { createScope } from '../../machines/scope.ts';
import { loadingReader } from '../../machines/stored-reader.ts';
import { anyAgents } from './any-agents.ts';

export class PathTasks {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #seen = new Set<string>();

  constructor(definition: WorkflowDefinition, store: Store) {
    this.#store = store;
    this.#catalog = new Catalog([definition], anyAgents, store);
  }

  /** The first of the tasks that were opened since, and cannot be shown whole, and why; null when all can. */
  unrendered(engine: Engine): string | null {
    for (const { id, runId, step } of engine.tasks()) {
      if (this.#seen.has(id)) continue;
      this.#seen.add(id);
      const problem = this.#problemOf(runId, step);
      if (problem !== null) return problem;
    }
    return null;
  }

  #problemOf(run: string, id: string): string | null {
    const { state, compiled } = loadRun({ store: this.#store, catalog: this.#catalog }, run);
    const { program } = compiled;
    const index = program.byId.get(id) ?? -1;
    const { step } = stepInfo(program, index);
    if (step.type !== 'human') return null;
    const { context } = state.snapshot as { readonly context: RunContext };
    const scope = createScope(program, context, index, loadingReader(new Values(this.#store)));
    for (const field of ['title', 'message', 'assignees'] as const) {
      try {
        step[field]?.render(scope, { missing: program.definition.missing });
      } catch (error) {
        return `step '${id}' cannot be rendered: ${field}: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    return null;
  }
}
