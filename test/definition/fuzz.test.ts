/**
 * SIM-06: whatever bytes they are given, the readers of YAML, JSON, templates and conditions tell mistakes of the author in errors of
 * ours, and soon. `FUZZ_SECONDS=60 npx vitest run test/definition/fuzz.test.ts` looks for so long at each; `SEED=17` at others.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { TemplateError, WorkflowError } from '../../src/core/errors.ts';
import { loadJson, loadYaml } from '../../src/definition/index.ts';
import { compileCondition } from '../../src/expressions/condition.ts';
import { dataScope } from '../../src/expressions/path.ts';
import { ExpressionSyntaxError } from '../../src/expressions/syntax-error.ts';
import { compileTemplate } from '../../src/expressions/template.ts';
import { goldens } from '../golden/definitions.ts';
import { ByteFuzz } from '../support/byte-fuzz.ts';
import { cpuTimer } from '../support/cpu-time.ts';

const seed = Number(process.env['SEED'] ?? 1);
const seconds = process.env['FUZZ_SECONDS'] === undefined ? null : Number(process.env['FUZZ_SECONDS']);
const maxMs = 100;

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const yaml = [read('examples/yaml/workflows.yaml'), read('test/definition/design-example.yaml')];
const json = [
  ...yaml.map((text) => JSON.stringify(parse(text), null, 1)),
  ...goldens.map((each) => each.definition.canonical),
];
const expressions = json
  .flatMap((text) => [...text.matchAll(/"((?:[^"\\]|\\.)*\{\{(?:[^"\\]|\\.)*)"/g)])
  .map(([, text]) => JSON.parse(`"${text ?? ''}"`) as string);
const templates = [
  ...expressions,
  'a {{workflow.input.topic}} and {{steps.a.output.text}}{{! no }} {{{state.x}}}',
  '{{#steps.list.output}}{{name}}: {{.}}, {{/steps.list.output}}{{^state.n}}none{{/state.n}}',
  '{{steps.a.output || steps.b.output || "nothing"}}',
];
const conditions = [
  ...expressions,
  '{{steps.a.output.score}} >= 7 && ({{state.n}} !== 3 || !{{workflow.input.done}})',
  `{{steps.a.output.kind}} in ["big", 'small'] ? 1 + 2 * 3 % 4 : -5.5e3`,
  'includes({{steps.a.output.text}}, "x") && length({{state.list}}) > 2',
];

const scope = dataScope({
  workflow: { input: { topic: 'tides', n: 1, done: false, items: ['a', { b: 1 }] } },
  steps: { a: { output: { text: 'x', score: 3, kind: 'big' } }, list: { output: [{ name: 'n' }] } },
  state: { n: 0, x: null, list: [1, 2, 3] },
  loop: { index: 0, item: 'x' },
});

/** Mistakes of authors, and of data: what the engine knows how to tell. */
function isOurs(error: unknown): boolean {
  return error instanceof ExpressionSyntaxError || error instanceof TemplateError || error instanceof WorkflowError;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

const parsers: readonly (readonly [
  name: string,
  samples: readonly string[],
  inputs: number,
  parse: (bytes: Uint8Array) => unknown,
])[] = [
  ['YAML', yaml, 400, loadYaml],
  ['JSON', json, 500, loadJson],
  ['templates', templates, 4_000, (bytes) => compileTemplate(text(bytes)).render(scope)],
  ['conditions', conditions, 4_000, (bytes) => compileCondition(text(bytes)).evaluate(scope)],
];

/** Null: nothing is wrong. */
function wrongWith(reads: (bytes: Uint8Array) => unknown, bytes: Uint8Array): string | null {
  try {
    reads(bytes);
    return null;
  } catch (error) {
    return isOurs(error) ? null : String(error instanceof Error ? error.stack : error);
  }
}

function msOf(reads: (bytes: Uint8Array) => unknown, bytes: Uint8Array): number {
  const spent = cpuTimer();
  wrongWith(reads, bytes);
  return spent();
}

describe.each(parsers)('%s', (_name, samples, inputs, reads) => {
  test('there is something to begin with, and it is valid', () => {
    expect(samples.length).toBeGreaterThan(1);
  });

  test('of any bytes', { timeout: 60_000 + (seconds ?? 0) * 2_000 }, () => {
    const fuzz = new ByteFuzz(seed, samples);
    const end = seconds === null ? null : performance.now() + seconds * 1_000;
    let slowest = { ms: 0, input: '' };
    for (let count = 0; end === null ? count < inputs : performance.now() < end; count++) {
      const bytes = fuzz.next();
      const input = Buffer.from(bytes).toString('base64');
      const spent = cpuTimer();
      const wrong = wrongWith(reads, bytes);
      const first = spent();
      expect({ wrong, ...(wrong === null ? {} : { input }) }).toEqual({ wrong: null });
      // What else the process does in that time (garbage, compiling) is not the input's.
      const ms = first < maxMs ? first : Math.min(first, msOf(reads, bytes), msOf(reads, bytes));
      if (ms > slowest.ms) slowest = { ms, input };
    }
    if (seconds !== null)
      console.log(`${_name}: slowest ${slowest.ms.toFixed(1)} ms: ${slowest.input.slice(0, 2_000)}`);
    expect(slowest.ms < maxMs ? '' : `${slowest.ms} ms: ${slowest.input}`).toBe('');
  });
});
