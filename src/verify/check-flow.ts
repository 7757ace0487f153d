/** Where a run can get to, and whether it gets on: steps that never run, situations without a way on, loops that nothing ends. */
import { chainOf, createTree, type Tree } from '../definition/checks/tree.ts';
import { quote } from '../definition/describe.ts';
import type { Step, WorkflowDefinition } from '../definition/definition.ts';
import type { Path } from '../expressions/path.ts';
import { expressionsOf } from '../definition/types/index.ts';
import type { Finding } from './finding.ts';
import type { Graph, GraphEdge } from './graph.ts';
import { describeWay, findWay } from './search.ts';
import { stepsRead } from './references.ts';
import { targetsOf } from './targets.ts';

export function checkFlow(definition: WorkflowDefinition, graph: Graph): readonly Finding[] {
  const tree = createTree(definition);
  return [
    // What was not explored may still lead there.
    ...(graph.bounds.length === 0 ? unreachable(tree, graph) : []),
    ...stuck(graph),
    ...loopsWithoutChange(tree),
    ...races(tree),
    ...failures(graph),
  ];
}

function unreachable(tree: Tree, graph: Graph): readonly Finding[] {
  const started = new Set(
    graph.edges.flatMap(({ happenings }) => happenings.flatMap((each) => (each.type === 'started' ? [each.step] : []))),
  );
  return tree.nodes
    .filter(
      ({ step, container }) =>
        !started.has(step.id) && (container.owner === null || started.has(container.owner.step.id)),
    )
    .map(({ step }) => ({
      code: 'UNREACHABLE_STEP',
      severity: 'error',
      message: `step ${quote(step.id)} never runs: no way leads to it`,
      path: step.path,
      hint: 'look at its condition, and at the routers that name it',
      way: [],
      moves: [],
    }));
}

/** Situations from which no end can be reached, but by cancelling the run or its own timeout. */
function stuck(graph: Graph): readonly Finding[] {
  if (graph.bounds.length > 0) return [];
  const isWayOut = (edge: GraphEdge): boolean => edge.kind !== 'cancel' && edge.about !== 'timeout:$run';
  const arriving: GraphEdge[][] = graph.nodes.map(() => []);
  for (const edge of graph.edges) if (isWayOut(edge)) arriving[edge.to]?.push(edge);
  const ending = new Set(graph.nodes.filter(({ end }) => end !== null).map(({ id }) => id));
  const open = [...ending];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const { from } of arriving[node] ?? []) {
      if (ending.has(from)) continue;
      ending.add(from);
      open.push(from);
    }
  }
  if (ending.size === graph.nodes.length) return [];
  const way = findWay(graph, {
    start: 0,
    next: (memory) => memory,
    arrive: (_memory, node) => !ending.has(node.id),
    leaveOut: (edge) => !isWayOut(edge),
  });
  if (way === null) return [];
  const at = way.at(-1)?.to ?? 0;
  const states = graph.nodes[at]?.states ?? [];
  const moves = (graph.leaving[at] ?? []).filter(isWayOut);
  const waiting = [
    ...new Set([
      ...moves.flatMap(({ step }) => step ?? []),
      ...states.map(stepOfState).filter((each) => each !== null),
    ]),
  ];
  const isDeadlock = waiting.length > 1 || moves.length === 0;
  return [
    {
      code: isDeadlock ? 'DEADLOCK' : 'ENDLESS',
      severity: 'error',
      message: isDeadlock
        ? `${waiting.map(quote).join(' and ')} wait for what never comes: none of them can go on before another does`
        : `${waiting.map(quote).join(' and ')} goes on for ever: nothing that can happen ends it`,
      path: '',
      hint: 'let something that happens meanwhile change what is waited for, or bound the wait: maxWait, timeout',
      way: describeWay(way),
      moves: way,
    },
  ];
}

/** `test.$main.p.$running.a.$waiting` -> `a` */
function stepOfState(id: string): string | null {
  if (id.endsWith('$completed') || id.endsWith('$skipped') || id.endsWith('$failed')) return null;
  return id.split('.').findLast((part) => !part.startsWith('$')) ?? null;
}

// Loops and jumps back whose condition nothing in them changes.

function loopsWithoutChange(tree: Tree): readonly Finding[] {
  return tree.nodes.flatMap((node): readonly Finding[] => {
    const { step } = node;
    if (step.type !== 'loop' || step.decide?.kind !== 'expression') return [];
    const inside = tree.nodes.filter((each) => chainOf(each).includes(node)).map((each) => each.step);
    const { paths, source } = step.decide.condition;
    if (paths.length === 0 ? step.mode === 'until' : paths.some((path) => changes(tree, inside, path))) return [];
    if (leaves(inside)) return [];
    return [
      {
        code: 'UNBOUNDED_LOOP',
        severity: 'error',
        message: `nothing in loop ${quote(step.id)} changes what its condition reads (${source}): once it goes on, it runs to its limit of ${String(step.maxIterations)} rounds and fails`,
        path: step.path,
        hint: 'read the output of a step of its body, {{loop.index}}, or a key of state that its body writes',
        way: [],
        moves: [],
      },
    ];
  });
}

function changes(tree: Tree, inside: readonly Step[], path: Path): boolean {
  const [root, name] = path.segments;
  if (root === 'loop') return true;
  if (root === 'state') return inside.some(({ assign }) => assign.some(({ key }) => key === name));
  const read = root === 'steps' ? [tree.byId.get(name ?? '')?.step] : stepsRead(tree, path).map(({ step }) => step);
  return read.some((step) => step !== undefined && inside.includes(step));
}

/** By `break`, or to the end of the run. */
function leaves(inside: readonly Step[]): boolean {
  return inside.some((step) => targetsOf(step).some((target) => target?.kind === 'break' || target?.kind === 'end'));
}

/** A key of the state that one branch writes and another reads: what it reads is a matter of luck. */
function races(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  for (const container of tree.containers) {
    if (container.kind !== 'branches') continue;
    const branches = container.nodes.map((branch) =>
      tree.nodes.filter((each) => chainOf(each).includes(branch)).map(({ step }) => step),
    );
    branches.forEach((writers, at) => {
      for (const writer of writers) {
        for (const { key } of writer.assign) {
          const reader = branches.flatMap((steps, other) =>
            other === at ? [] : steps.filter((step) => readsKey(step, key)),
          )[0];
          if (reader === undefined) continue;
          findings.push({
            code: 'RACE',
            severity: 'warning',
            message: `step ${quote(writer.id)} writes {{state.${key}}} while step ${quote(reader.id)} reads it, in another branch of ${quote(container.owner?.step.id ?? '')}: which value it sees is a matter of luck`,
            path: reader.path,
            hint: `read it after ${quote(container.owner?.step.id ?? '')}, or put both steps into one branch`,
            way: [],
            moves: [],
          });
        }
      }
    });
  }
  return findings;
}

/** A sum of its own that it adds to is no reading: sums commute. */
function readsKey(step: Step, key: string): boolean {
  return expressionsOf(step).some(
    ({ compiled, path }) =>
      !path.startsWith(`${step.path}.assign.${key}`) &&
      compiled.paths.some(({ segments: [root, name] }) => root === 'state' && name === key),
  );
}

/** Situations from which a run can still complete. */
function leadingToCompletion(graph: Graph): ReadonlySet<number> {
  const arriving: number[][] = graph.nodes.map(() => []);
  for (const { from, to } of graph.edges) arriving[to]?.push(from);
  const found = new Set(graph.nodes.filter(({ end }) => end === 'completed').map(({ id }) => id));
  const open = [...found];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const from of arriving[node] ?? []) {
      if (found.has(from)) continue;
      found.add(from);
      open.push(from);
    }
  }
  return found;
}

/** Failures that nothing handles: the run fails with them. */
function failures(graph: Graph): readonly Finding[] {
  const completing = leadingToCompletion(graph);
  const ids = new Set<string>();
  let first: GraphEdge | null = null;
  for (const edge of graph.edges) {
    if (edge.kind !== 'fails' && edge.kind !== 'timer') continue;
    if (edge.step === null || (edge.kind === 'timer' && !edge.happenings.some(({ type }) => type === 'failed')))
      continue;
    if (completing.has(edge.to) || !completing.has(edge.from)) continue;
    ids.add(edge.step);
    first ??= edge;
  }
  if (first === null) return [];
  return [
    {
      code: 'FAILURE_ENDS_RUN',
      severity: 'info',
      message: `the run fails when one of these fails for good: ${[...ids].map(quote).join(', ')}`,
      path: '',
      way: [],
      moves: [],
    },
  ];
}
