/**
 * The plan of a simulation of somebody's own workflow: agents answer what fits the schemas of their steps, persons what fits their
 * forms. The same question gets the same answer, as from a service that honours idempotency keys.
 */
import { WorkflowError } from '../../core/errors.ts';
import { createTree } from '../../definition/checks/tree.ts';
import { toDataSchema, type WorkflowDefinition } from '../../definition/index.ts';
import { sampleOf, type Draw } from '../sample.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { Asked } from './outside.ts';
import type { SimulationPlan } from './plan.ts';

export interface UserPlanOptions {
  readonly workflow: WorkflowDefinition;
  /** All that the workflow may start. */
  readonly workflows: readonly WorkflowDefinition[];
  /** @default one that fits the input schema */
  readonly input?: unknown;
  readonly seed: number;
}

/** @throws WorkflowError REQUEST_INVALID when no input can be made up */
export function userPlan({ workflow, workflows, input, seed }: UserPlanOptions): SimulationPlan {
  return {
    workflows,
    starts: [{ workflow: workflow.name, input: input ?? madeUp(workflow, seed) }],
    answer: (asked) => answerTo(asked, seed),
    fillIn: ({ form, id }) => {
      const schema = toDataSchema(form);
      const sample = 'schema' in schema ? sampleOf(schema.schema, drawOf(`${id} ${seed}`)) : null;
      return sample === null ? { decision: 'approve' } : sample.value;
    },
    signals: signalsOf(workflows),
  };
}

function madeUp({ name, input, canonical }: WorkflowDefinition, seed: number): unknown {
  if (input === null) return whatIsRead(canonical, drawOf(`${name} ${seed}`));
  const sample = sampleOf(input, drawOf(`${name} ${seed}`));
  if (sample !== null) return sample.value;
  throw new WorkflowError('REQUEST_INVALID', `no input can be made up for workflow '${name}': give one with --input`);
}

/** Without a schema: a text for every field of the input that a template reads. */
function whatIsRead(canonical: string, draw: Draw): Readonly<Record<string, unknown>> {
  const names = [...canonical.matchAll(/workflow\.input\.([A-Za-z_][\w-]*)/g)].map(([, name]) => name ?? '');
  const texts = ['good', 'a text', 'blog', 'yes'];
  return Object.fromEntries([...new Set(names)].map((name) => [name, texts[draw.below(texts.length)]]));
}

function answerTo({ step, run, visit }: Asked, seed: number): unknown {
  const draw = drawOf(`${run} ${step.id} ${visit} ${seed}`);
  const schema = step.type === 'agent' ? step.schema : null;
  const sample = schema === null ? null : sampleOf(schema, draw);
  if (sample !== null) return sample.value;
  const answers = [
    'good',
    'a text',
    { text: 'good', score: draw.below(10), approved: draw.below(2) === 0 },
    'no',
    'yes',
  ];
  return answers[draw.below(answers.length)];
}

function signalsOf(workflows: readonly WorkflowDefinition[]): SimulationPlan['signals'] {
  const steps = workflows.flatMap((each) => createTree(each).nodes.map(({ step }) => step));
  const names = new Set(steps.flatMap((step) => (step.type === 'signal' ? [step.name] : [])));
  return [...names].map((name) => ({ name, payload: (chance) => ({ n: chance.below(1_000), approved: true }) }));
}

/** Decided by a text alone. */
function drawOf(text: string): Draw {
  let hash = 2_166_136_261;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619);
  const random = new SeededRandom(hash);
  return { below: (n) => Math.floor(random.next() * n) };
}
