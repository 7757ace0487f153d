/**
 * The examples are the design's own: its text stands in them letter for letter, additions are marked, and what it leaves out is
 * a mistake that is told. `design/` holds the texts of the design, as they were written.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { dank } from './project.ts';

const AGENT_IDS = new Proxy({}, { get: (_ids, name) => String(name) });

function read(path: string): string {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8');
  return text.replace(/[ \t]+$/gm, '').trim();
}

function design(name: string): string {
  return read(`design/${name}.design`);
}

/** The file without its head comment and what is marked as added. */
function example(path: string): string {
  return `${read(`../../examples/${path}`)}\n`
    .replace(/^\/\*\*[^]*?\*\/\n/, '')
    .replace(/\n *\/\/ >>> added[^]*?\/\/ <<< added\n/g, '')
    .replace(/^(?:#.*|\/\/ prettier-ignore|\/\/ @ts-nocheck.*)\n/gm, '')
    .trim();
}

function run(code: string, parameters: Readonly<Record<string, unknown>>): unknown {
  return (compileFunction(code, Object.keys(parameters)) as (...values: unknown[]) => unknown)(
    ...Object.values(parameters),
  );
}

describe('the text of the design', () => {
  test('stands in research-and-summarize, but for the name of the package and the address of the service', () => {
    const expected = design('research-and-summarize')
      .replace("require('dank-ai')", "require('dank-workflow')")
      .replace(
        "url: 'https://api.example.com/process',",
        "url: '{{env.PROCESS_URL}}', // in the design: 'https://api.example.com/process'",
      );
    expect(example('research-and-summarize/workflows.js')).toBe(expected);
  });

  test('stands in content-pipeline', () => {
    const text = example('content-pipeline/workflows.js');
    expect(text).toContain(design('content-pipeline'));
    expect(
      text.replace(design('content-pipeline'), '').match(/createWorkflow|addStep|on[A-Z]\w+\(|setOutput/g),
    ).toEqual(['createWorkflow']);
  });

  test('stands in the YAML form', () => {
    expect(example('yaml/workflows.yaml')).toBe(design('yaml'));
  });
});

describe('the design without what it leaves out', () => {
  test('research-and-summarize is refused for the four paths that are named but not there', () => {
    const loaded: { exports: { readonly workflows?: readonly { build(): unknown }[] } } = { exports: {} };
    run(design('research-and-summarize'), {
      module: loaded,
      require: (name: string) => (name === 'dank-ai' ? dank : { AGENT_IDS }),
    });
    expect(() => loaded.exports.workflows?.[0]?.build()).toThrow(
      [
        "Workflow 'research-and-summarize' has 4 mistakes:",
        "  - steps[6].cases.analysis: unknown step: step 'analysis-path' does not exist",
        "  - steps[6].cases.research: unknown step: step 'research-path' does not exist",
        "  - steps[6].cases.summary: unknown step: step 'summary-path' does not exist",
        "  - steps[6].default: unknown step: step 'default-path' does not exist",
      ].join('\n'),
    );
  });

  test('content-generation-pipeline is refused for publish-email', () => {
    const flow = run(`return ${design('content-pipeline')}`, {
      createWorkflow: dank.createWorkflow,
      AGENT_IDS,
      console,
    }) as { build(): unknown };
    expect(() => flow.build()).toThrow(
      [
        "Workflow 'content-generation-pipeline' has 1 mistake:",
        "  - steps[5].cases.email: unknown step: step 'publish-email' does not exist",
      ].join('\n'),
    );
  });

  test('the YAML form is refused where no agents file says what ${AGENT_IDS.X} is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dank-example-'));
    try {
      writeFileSync(join(folder, 'workflows.yaml'), design('yaml'));
      await expect(dank.loadWorkflows(folder, { env: {} })).rejects.toThrow(
        /2 mistakes:\n.*RESEARCH_AGENT.*\n.*SUMMARIZER_AGENT/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
