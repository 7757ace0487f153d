/**
 * What verifying costs: a long workflow of many routers, a wide parallel step, a saga. By parts, and against bare transitions of
 * the same machine: `ratio` is how many of those one explored move costs. In milliseconds of processor time.
 */
import { createWorkflow, type WorkflowDefinition } from '../src/definition/index.ts';
import { createModel } from '../src/verify/model.ts';
import { checkFlow } from '../src/verify/check-flow.ts';
import { checkRules, stepsOfRules } from '../src/verify/check-rules.ts';
import { checkValues } from '../src/verify/check-values.ts';
import { explore } from '../src/verify/explore.ts';
import { startMove, movesOf } from '../src/verify/moves.ts';
import { firstSituation, moveOn } from '../src/verify/step-by-step.ts';
import { worstCase } from '../src/verify/worst-case.ts';
import { round } from './support.ts';

type Loose = { addStep(id: string, step: object): Loose; addRule(rule: object): Loose; build(): WorkflowDefinition };

const ask = (prompt: string, more: object = {}): object => ({
  type: 'agent',
  agentId: 'any',
  input: { prompt },
  ...more,
});
const tries = { retry: { maxAttempts: 3 } };

/** 200 steps, 30 of them routers, each step reading the one before; a rule over all of it. */
function long(): WorkflowDefinition {
  let flow = createWorkflow('long') as unknown as Loose;
  for (let at = 0; at < 200; at++) {
    const isRouter = at % 6 === 5 && at < 180;
    const reads =
      at === 0
        ? '{{workflow.input.topic}}'
        : `{{steps.s${at - (at % 6 === 0 && at > 0 && at <= 180 ? 2 : 1)}.output}} || "none"`;
    flow = flow.addStep(
      `s${at}`,
      isRouter
        ? {
            type: 'conditional',
            condition: `{{steps.s${at - 1}.output.score}} > ${at}`,
            then: `s${at + 1}`,
            else: `s${at + 2}`,
          }
        : ask('Go on', { input: { prompt: 'Go on', before: reads }, ...(at % 5 === 0 ? tries : {}), timeout: '1m' }),
    );
  }
  return flow.addRule({ precedes: ['s0', 's199'] }).build();
}

/** 20 branches that are tried again. */
function wide(): WorkflowDefinition {
  const steps = Array.from({ length: 20 }, (_each, at) => ({ id: `b${at}`, ...ask(`Do ${at}`, tries) }));
  return (createWorkflow('wide') as unknown as Loose)
    .addStep('all', { type: 'parallel', steps })
    .addStep('after', ask('All: {{steps.all.output}}'))
    .build();
}

/** 40 steps that are undone when a later one fails. */
function saga(): WorkflowDefinition {
  let flow = createWorkflow('saga') as unknown as Loose;
  for (let at = 0; at < 40; at++) flow = flow.addStep(`s${at}`, ask('Do', { compensate: ask('Undo') }));
  return flow.build();
}

export const verified: Readonly<Record<string, () => WorkflowDefinition>> = { long, wide, saga };

export function benchVerify(name: string): object {
  const definition = (verified[name] ?? long)();
  const bare = bareMove(definition);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const [exploring, graph] = timed(() => explore(definition, { visible: stepsOfRules(definition.rules) }));
  globalThis.gc?.();
  const heapMb = round((process.memoryUsage().heapUsed - before) / 2 ** 20, 1);
  const [values] = timed(() => checkValues(definition, graph));
  const [flow] = timed(() => checkFlow(definition, graph));
  const [rules] = timed(() => checkRules(definition, graph, definition.rules));
  const [worst] = timed(() => worstCase(definition));
  const perMove = (1_000 * exploring) / graph.edges.length;
  return {
    workflow: name,
    situations: graph.nodes.length,
    moves: graph.edges.length,
    ...{ exploring, values, flow, rules, worst },
    totalMs: round(exploring + values + flow + rules + worst, 0),
    heapMb,
    microsecondsPerMove: round(perMove, 0),
    ratio: round(perMove / bare, 1),
  };
}

/** Microseconds of the move that begins the workflow, and those that follow it. */
function bareMove(definition: WorkflowDefinition): number {
  const model = createModel(definition);
  const [situation] = [...moveOn(model, firstSituation(model), { move: startMove, rounds: [] })].map(
    (each) => each.situation,
  );
  if (situation === undefined) throw new Error('it does not begin');
  const moves = movesOf(situation.spot);
  let count = 0;
  const [ms] = timed(() => {
    for (let again = 0; again < 200; again++)
      for (const move of moves) for (const _each of moveOn(model, situation, { move, rounds: [] })) count += 1;
  });
  return (1_000 * ms) / count;
}

function timed<T>(work: () => T): readonly [ms: number, result: T] {
  const begun = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(begun);
  return [round((user + system) / 1_000, 1), result];
}
