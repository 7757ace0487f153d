/** `runWorkflow`: one call from the name of a workflow to its output. */
import type { Store } from '../core/ports.ts';
import { findWorkflow } from '../engine/runs/catalog.ts';
import { createEngine } from '../engine/create-engine.ts';
import type { EngineOptions } from '../engine/options.ts';
import type { StartOptions } from '../engine/runs/start.ts';
import { loadWorkflows, type LoadOptions } from './project.ts';

export interface RunWorkflowOptions extends LoadOptions, StartOptions {
  /** A workflow file, or the folder that holds one. @default the working directory */
  readonly path?: string;
  /** A file, `':memory:'`, or a store. @default the project's: '.dank/workflows.db' in its folder */
  readonly store?: string | Store;
  /** Further hosts that `http` steps may call although they are local or private. @default [] */
  readonly allowHosts?: readonly string[];
  readonly durability?: EngineOptions['durability'];
  readonly verify?: EngineOptions['verify'];
}

/**
 * Finds the project's workflows, runs the one with that name, id or title, and gives its output. With a `runId` that was
 * started before with the same input it gives that run's output, and continues the run first if it was interrupted.
 *
 * @throws DefinitionError (also when a rule does not hold), InputError; RunFailedError, CancelledError when the run does not complete; WorkflowError NOT_FOUND,
 * CONFLICT (the run id is taken, or another process drives that run), STORE_*
 */
export async function runWorkflow(
  name: string,
  input: unknown = {},
  options: RunWorkflowOptions = {},
): Promise<unknown> {
  const { path, store, allowHosts = [], durability, verify, runId, tags, ...load } = options;
  const project = await loadWorkflows(path, load);
  const definition = findWorkflow(project.workflows, name);
  const engine = await createEngine({
    ...project,
    allowHosts: [...project.allowHosts, ...allowHosts],
    recover: false,
    ...(store === undefined ? {} : { store }),
    ...(durability === undefined ? {} : { durability }),
    ...(verify === undefined ? {} : { verify }),
  });
  try {
    const run = await engine.start(definition, input, {
      ...(runId === undefined ? {} : { runId }),
      ...(tags === undefined ? {} : { tags }),
    });
    engine.continueRun(run.id);
    return await run.result();
  } finally {
    await engine.close();
  }
}
