/**
 * The model check: any workflow, run by the engine in any world, does nothing that exploring does not know. A failure names its
 * seed: `SEEDS=1 SEED=4711`.
 */
import { expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import { advance } from '../../src/core/advance.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import type { Store } from '../../src/core/ports.ts';
import { decodeEvent } from '../../src/engine/codec.ts';
import { kernelOf } from '../../machines/kernel-of.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { explore } from '../../src/verify/explore.ts';
import { AnyFlow, anyMocks } from '../machines/any-flow.ts';
import { flow } from '../support/flow.ts';
import { createTestEngine } from '../support/test-engine.ts';
import { follow, type Told } from './support/follow.ts';

const first = Number(process.env['SEED'] ?? 1);
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 10) }, (_, index) => first + index);

function definitionOf(seed: number): WorkflowDefinition | null {
  try {
    return flow(new AnyFlow(seed).make());
  } catch (error) {
    if (error instanceof DefinitionError) return null;
    throw error;
  }
}

/** The run's history, each event with what the engine's own machine told of it, and the transitions of the chart it took. */
function replay(
  definition: WorkflowDefinition,
  store: Store,
): { readonly told: readonly Told[]; readonly taken: ReadonlySet<string> } {
  const kernel = kernelOf(compileWorkflow(definition));
  const taken = new Set<string>();
  const watch = kernel.scope.system.inspect((event) => {
    for (const each of (event as { readonly _transitions?: readonly Taken[] })._transitions ?? [])
      taken.add(nameOf(each));
  });
  let state = kernel.initial;
  const told: Told[] = [];
  for (const stored of store.readEvents('run', 1)) {
    const recorded = decodeEvent(stored);
    const next = advance(kernel, state, recorded, { runId: 'run' });
    if ('refused' in next) throw new Error(`event ${recorded.seq} is refused: ${next.refused}`);
    state = next.state;
    told.push({ event: recorded.event, lifecycle: next.lifecycle });
  }
  watch.unsubscribe();
  return { told, taken };
}

interface Taken {
  readonly source: { readonly id: string };
  readonly target?: readonly { readonly id: string }[];
  readonly eventType: string;
}

function nameOf({ source, target = [], eventType }: Taken): string {
  return `${source.id} on '${eventType}' to ${target.map(({ id }) => id).join()}`;
}

test('every history of the engine is a path that exploring has', { timeout: 600_000 }, async () => {
  let checked = 0;
  for (const seed of seeds) {
    const definition = definitionOf(seed);
    if (definition === null) continue;
    await using engine = await createTestEngine({ mocks: anyMocks(definition, seed), workflows: [definition] });
    await engine.engine.start(definition, {}, { runId: 'run' });
    await engine.drive('run');
    const { told, taken } = replay(definition, engine.store);
    const problem = follow(definition, told);
    const about = (what: string): string =>
      `seed ${seed}: ${what}\n${JSON.stringify(new AnyFlow(seed).make(), null, 1)}`;
    if (problem !== null) throw new Error(about(problem));
    const graph = explore(definition, { maxStates: 1_000 });
    if (graph.bounds.length === 0) {
      const known = new Set(
        graph.transitions.map(({ source, event, targets }) => `${source} on '${event}' to ${targets.join()}`),
      );
      const missing = [...taken].filter((each) => !known.has(each));
      if (missing.length > 0) throw new Error(about(`transitions of the chart: ${missing.join('; ')}`));
    }
    checked += 1;
  }
  expect(checked).toBeGreaterThan(seeds.length / 3);
});
