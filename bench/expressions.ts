/** Cost of one evaluation of a compiled condition and of one rendering of a compiled template. Target: 2 µs each. */
import { compileCondition, compileTemplate, compileValue, dataScope } from '../src/expressions/index.ts';

const data = {
  workflow: { input: { type: 'blog', topic: 'the tides of the North Sea', tags: ['a', 'b', 'c'] }, runId: 'run-17' },
  steps: {
    review: { output: { score: 0.93, verdict: 'approve', notes: ['short', 'clear'] }, status: 'completed' },
    'fetch-research': { output: 'Tides are caused by the moon and the sun. '.repeat(20), status: 'completed' },
  },
};
const scope = dataScope(data);

const conditions = [
  '{{steps.review.output.score}} > 0.8 && {{workflow.input.type}} === "blog"',
  '{{steps.fetch-research.output.length}} > 500',
  '{{workflow.input.type}} in ("blog", "social") && !isEmpty({{workflow.input.tags}})',
  'lower({{steps.review.output.verdict}}) === "approve" || {{steps.review.output.score}} + 0.05 >= 0.9',
];

const prompts = [
  'Research: {{workflow.input.topic}}',
  'Write a {{workflow.input.type}} about {{workflow.input.topic}}.\n\nUse this research:\n{{steps.fetch-research.output}}\n',
  '{{steps.revise.output}} || {{steps.fetch-research.output}}',
];

/** Microseconds per call: the best of several rounds. */
function measure(run: () => unknown): number {
  const calls = 20_000;
  let best = Infinity;
  for (let round = 0; round < 8; round += 1) {
    const start = performance.now();
    for (let call = 0; call < calls; call += 1) run();
    best = Math.min(best, performance.now() - start);
  }
  return (best * 1_000) / calls;
}

function report(kind: string, source: string, microseconds: number): void {
  console.log(`${microseconds.toFixed(2).padStart(7)} µs  ${kind.padEnd(9)}  ${JSON.stringify(source).slice(0, 100)}`);
}

for (const source of conditions) {
  const condition = compileCondition(source);
  report(
    'condition',
    source,
    measure(() => condition.test(scope)),
  );
}
for (const source of prompts) {
  const template = compileTemplate(source);
  report(
    'template',
    source,
    measure(() => template.render(scope)),
  );
}
const sections = 'Notes:{{#steps.review.output.notes}} {{.}};{{/steps.review.output.notes}}';
const sectioned = compileTemplate(sections);
report(
  'sections',
  sections,
  measure(() => sectioned.render(scope)),
);
const input = { prompt: prompts[1], context: '{{steps.fetch-research.output}}', options: { temperature: 0.2 } };
const value = compileValue(input);
report(
  'value',
  JSON.stringify(input),
  measure(() => value.render(scope)),
);
report(
  'compile',
  conditions[0] ?? '',
  measure(() => compileCondition(conditions[0] ?? '')),
);
