/**
 * The statechart of a workflow as an XState machine configuration in plain JSON, for Stately's tools and for `createMachine`: the
 * states and transitions of the machine that runs; actions, guards, delays and actors by their names.
 */
import type { CompiledWorkflow } from '../../../machines/compiled-workflow.ts';
import { InvariantError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Drawing, DrawingNode } from '../drawing/drawing.ts';

type Data = Readonly<Record<string, unknown>>;

/**
 * Steps have descriptions; the state of a loop over items holds the chart of its rounds in `meta.rounds`, as they are runs of their own.
 */
export function toMachineConfig(compiled: CompiledWorkflow, drawing: Drawing): Json {
  const nodes = new Map(drawing.nodes.map((node) => [node.id, node]));
  const rounds = new Map(
    [...compiled.bodies].map(([loop, body]) => [
      compiled.program.steps[loop]?.step.id ?? '',
      toMachineConfig(body, drawing),
    ]),
  );
  const config = plain(compiled.machine.config, ({ id, meta, ...rest }) => {
    const step = typeof meta === 'object' && meta !== null ? (meta as Data)['step'] : undefined;
    if (typeof step !== 'string') return { ...(id === undefined ? {} : { id }), ...rest };
    const node = nodes.get(step);
    const body = rounds.get(step);
    return {
      id,
      ...(node === undefined ? {} : { description: describe(node) }),
      ...rest,
      meta: { ...(meta as Data), ...(body === undefined ? {} : { rounds: body }) },
    };
  });
  const { context: _context, output: _output, ...chart } = config as Data;
  const { description } = compiled.program.definition;
  return { ...chart, ...(description === null ? {} : { description }) };
}

function describe({ type, detail, condition, notes, description }: DrawingNode): string {
  const what = [type, detail].filter((each) => each !== null).join(': ');
  return [
    ...(description === null ? [] : [description]),
    what,
    ...(condition === null ? [] : [`if ${condition}`]),
    ...notes,
  ].join('\n');
}

/** A copy without functions: contexts, outputs and inputs are made when the machine runs. */
function plain(value: unknown, state: (config: Data) => Data, isState = true): unknown {
  if (typeof value === 'function') return undefined;
  if (Array.isArray(value)) return value.map((item) => plain(item, state, false));
  if (typeof value !== 'object' || value === null) return value;
  const copied: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(isState ? state(value as Data) : value)) {
    const copy = key === 'states' && isState ? statesOf(member as Data, state) : plain(member, state, false);
    if (copy !== undefined) copied[key] = copy;
  }
  return copied;
}

function statesOf(states: Data, state: (config: Data) => Data): Data {
  return Object.fromEntries(
    Object.entries(states).map(([name, config]) => {
      const copy = plain(config, state);
      if (typeof copy !== 'object' || copy === null) throw new InvariantError(`state '${name}' has no configuration`);
      return [name, copy];
    }),
  );
}
