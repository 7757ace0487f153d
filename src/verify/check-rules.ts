/** Whether the author's rules hold on every way; one that does not is told with the shortest way that breaks it. */
import { quote } from '../definition/describe.ts';
import type { Rule, RuleSubject, Step, WorkflowDefinition } from '../definition/definition.ts';
import { createTree } from '../definition/checks/tree.ts';
import type { Finding } from './finding.ts';
import type { Graph, GraphEdge } from './graph.ts';
import { describeWay, findWay, type Watch } from './search.ts';
import type { Happening } from './situation.ts';

export function checkRules(definition: WorkflowDefinition, graph: Graph, rules: readonly Rule[]): readonly Finding[] {
  const steps = new Map(createTree(definition).nodes.map(({ step }) => [step.id, step]));
  return rules.flatMap((rule) => {
    const way = findWay(graph, watchOf(rule, steps));
    if (way === null) return [];
    return [
      {
        code: 'RULE_BROKEN',
        severity: 'error',
        message: `the rule ${quote(rule.name)} does not hold: ${explain(rule, happenedIn(way.at(-1)))}`,
        path: rule.path,
        way: describeWay(way),
        moves: way,
      },
    ];
  });
}

/** Steps whose order among each other rules look at. */
export function stepsOfRules(rules: readonly Rule[]): ReadonlySet<string> {
  return new Set(
    rules.flatMap(({ kind, first, second }) =>
      kind === 'precedes' || kind === 'leadsTo' ? [...first, ...second].flatMap(({ steps }) => [...steps]) : [],
    ),
  );
}

/** The steps that something came to pass with in the last move: of several that a rule is about, those that break it. */
function happenedIn(last: GraphEdge | undefined): ReadonlySet<string> {
  return new Set(last?.happenings.flatMap((each) => ('step' in each && each.type !== 'skipped' ? [each.step] : [])));
}

function explain({ kind, first, second, times }: Rule, last: ReadonlySet<string>): string {
  // What the last move brought is one of its steps; what did not come is any of them.
  const a = nameOf(kind === 'precedes' || kind === 'leadsTo' || kind === 'always' ? first : among(first, last));
  const b = nameOf(kind === 'leadsTo' ? second : among(second, last));
  switch (kind) {
    case 'precedes':
      return `${b} begins, and ${a} has not come before`;
    case 'leadsTo':
      return `${a} comes, and the run completes without ${b}`;
    case 'exclusive':
      return `both ${a} and ${b} run`;
    case 'never':
      return `${a} happens`;
    case 'always':
      return `the run completes without ${a}`;
    case 'atMost':
      return `${a} runs more than ${times === 1 ? 'once' : `${times} times`}`;
  }
}

function among(subjects: readonly RuleSubject[], last: ReadonlySet<string>): readonly RuleSubject[] {
  const found = subjects
    .map(({ steps, outcome }) => ({ steps: new Set([...steps].filter((id) => last.has(id))), outcome }))
    .filter(({ steps }) => steps.size > 0);
  return found.length === 0 ? subjects : found;
}

function nameOf(subjects: readonly RuleSubject[]): string {
  return subjects
    .map(({ steps, outcome }) => `${[...steps].map(quote).join(' or ')}${outcome === null ? '' : ` (${outcome})`}`)
    .join(' or ');
}

type Usual = 'started' | 'completed';

function watchOf(rule: Rule, steps: ReadonlyMap<string, Step>): Watch<number> {
  const { kind, first, second, times } = rule;
  const is = (subjects: readonly RuleSubject[], usual: Usual, happening: Happening, edge: GraphEdge): boolean =>
    subjects.some((subject) => matches(subject, usual, happening, edge, steps));
  const isDone = (happening: Happening): boolean => happening.type === 'end' && happening.status === 'completed';
  switch (kind) {
    case 'precedes':
      return {
        start: 0,
        next: (seen, happening, edge) => {
          if (seen === 0 && is(second, 'started', happening, edge)) return 'found';
          return seen === 1 || is(first, 'completed', happening, edge) ? 1 : 0;
        },
      };
    case 'leadsTo':
      return {
        start: 0,
        next: (open, happening, edge) => {
          if (open === 1 && isDone(happening)) return 'found';
          if (is(second, 'completed', happening, edge)) return 0;
          return is(first, 'completed', happening, edge) ? 1 : open;
        },
      };
    case 'exclusive':
      return {
        start: 0,
        next: (seen, happening, edge) => {
          const now =
            seen | (is(first, 'started', happening, edge) ? 1 : 0) | (is(second, 'started', happening, edge) ? 2 : 0);
          return now === 3 ? 'found' : now;
        },
      };
    case 'never':
      return {
        start: 0,
        next: (memory, happening, edge) => (is(first, 'started', happening, edge) ? 'found' : memory),
      };
    case 'always':
      return {
        start: 0,
        next: (seen, happening, edge) => {
          if (seen === 0 && isDone(happening)) return 'found';
          return seen === 1 || is(first, 'completed', happening, edge) ? 1 : 0;
        },
      };
    case 'atMost':
      return {
        start: 0,
        next: (count, happening, edge) => {
          const now = count + (is(first, 'started', happening, edge) ? 1 : 0);
          return now > times ? 'found' : now;
        },
      };
  }
}

function matches(
  { steps, outcome }: RuleSubject,
  usual: Usual,
  happening: Happening,
  edge: GraphEdge,
  byId: ReadonlyMap<string, Step>,
): boolean {
  if (!('step' in happening) || !steps.has(happening.step)) return false;
  const wanted = outcome ?? usual;
  if (wanted === happening.type) return happening.type !== 'started' || happening.attempt === 1;
  if (happening.type !== 'completed') return false;
  return happening.branch === wanted || answerOf(happening.step, edge, byId) === wanted;
}

/** What a person said, or what stands for it when nobody did in time. */
function answerOf(step: string, edge: GraphEdge, byId: ReadonlyMap<string, Step>): string | null {
  if (edge.step !== step) return null;
  if (edge.kind === 'answer') return edge.outcome;
  const human = byId.get(step);
  return human?.type === 'human' && edge.about === `timeout:${step}` ? human.onTimeout.kind : null;
}
