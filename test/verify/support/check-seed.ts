/** One case of the model check: any workflow, run by the engine in any world, does nothing that exploring does not know. */
import { DefinitionError } from '../../../src/core/errors.ts';
import type { WorkflowDefinition } from '../../../src/definition/index.ts';
import { explore } from '../../../src/verify/explore.ts';
import { AnyFlow } from '../../machines/any-flow.ts';
import { AnyOptions } from '../../machines/any-options.ts';
import { anyMocks } from '../../machines/any-world.ts';
import { childWorkflows } from '../../machines/wide-steps.ts';
import { flow, type LooseWorkflow } from '../../support/flow.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { createTestEngine } from '../../support/test-engine.ts';
import { follow } from './follow.ts';
import { historyOf, nameOfTransition, type History } from './histories.ts';
import { liveThrough } from './people.ts';

/** Of workflows with more situations than this, only the history is followed. */
const maxStates = 200;

/** Share of failures that are not the usual ones. */
const unusual = 0.06;

export interface CheckedSeed {
  /** The seed makes a workflow that is refused. */
  readonly isRefused: boolean;
  /** Null: all that happened is known. */
  readonly problem: string | null;
}

export async function checkSeed(seed: number): Promise<CheckedSeed> {
  const { workflow, input } = madeFrom(seed);
  const definition = definitionOf(workflow);
  if (definition === null) return { isRefused: true, problem: null };
  try {
    const history = await historyFor(definition, input, seed);
    return { isRefused: false, problem: follow(definition, history.told) ?? missingTransitions(definition, history) };
  } catch (error) {
    return { isRefused: false, problem: error instanceof Error ? String(error.stack) : String(error) };
  }
}

/** Every third workflow has no more than the usual options. */
export function madeFrom(seed: number): { readonly workflow: LooseWorkflow; readonly input: unknown } {
  const workflow = new AnyFlow(seed, { wide: true }).make();
  if (seed % 3 === 0) return { workflow, input: {} };
  const options = new AnyOptions(new SeededRandom(seed ^ 0x0b7));
  return { workflow: options.of(workflow), input: options.input() };
}

function definitionOf(workflow: LooseWorkflow): WorkflowDefinition | null {
  try {
    return flow(workflow);
  } catch (error) {
    if (error instanceof DefinitionError) return null;
    throw error;
  }
}

async function historyFor(definition: WorkflowDefinition, input: unknown, seed: number): Promise<History> {
  await using engine = await createTestEngine({
    mocks: anyMocks(definition, seed, unusual),
    workflows: [definition, ...childWorkflows()],
  });
  await engine.engine.start(definition, input, { runId: 'run' });
  await liveThrough(engine, 'run', seed);
  return historyOf(definition, engine.store, 'run');
}

function missingTransitions(definition: WorkflowDefinition, { taken }: History): string | null {
  const graph = explore(definition, { maxStates });
  if (graph.bounds.length > 0) return null;
  const known = new Set(
    graph.transitions.map(({ source, event, targets }) => nameOfTransition(source, event, targets)),
  );
  const missing = [...taken].filter((each) => !known.has(each));
  return missing.length === 0 ? null : `transitions of the chart: ${missing.join('; ')}`;
}
