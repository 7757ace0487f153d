import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import { createWorkflow, definitionFromCanonical, loadYaml } from '../../src/definition/index.ts';
import { contentGenerationPipeline, researchAndSummarize } from './design-examples.js';

const yaml = readFileSync(new URL('design-example.yaml', import.meta.url), 'utf8');
const agentIds = new Map([
  ['RESEARCH_AGENT', 'a1'],
  ['SUMMARIZER_AGENT', 'a2'],
]);

function errorOf(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    if (error instanceof DefinitionError) return error.message;
    throw error;
  }
  return 'no error';
}

function stub(id: string) {
  return { type: 'agent', agentId: id, input: { prompt: 'Go' } };
}

describe('the example research-and-summarize', () => {
  test('is refused for exactly the steps that it names but does not have', () => {
    expect(errorOf(() => researchAndSummarize(createWorkflow).build())).toBe(
      [
        "Workflow 'research-and-summarize' has 4 mistakes:",
        "  - steps[6].cases.analysis: unknown step: step 'analysis-path' does not exist",
        "  - steps[6].cases.research: unknown step: step 'research-path' does not exist",
        "  - steps[6].cases.summary: unknown step: step 'summary-path' does not exist",
        "  - steps[6].default: unknown step: step 'default-path' does not exist",
      ].join('\n'),
    );
  });

  test('is right once they are there', () => {
    const flow = researchAndSummarize(createWorkflow);
    for (const id of ['research-path', 'analysis-path', 'summary-path', 'default-path']) flow.addStep(id, stub(id));
    const definition = flow.build();
    expect(definition.id).toBe('550e8400-e29b-41d4-a716-446655440000');
    expect(definition.steps.map(({ type }) => type)).toContain('switch');
    expect(definition.stepHandlers.map(({ event, pattern }) => `${event} ${pattern}`)).toEqual([
      'start fetch-research',
      'complete fetch-research',
      'error fetch-research',
    ]);
    expect(definition.warnings).toEqual([]);
    expect(definitionFromCanonical(definition.canonical).hash).toBe(definition.hash);
  });
});

describe('the example content-generation-pipeline', () => {
  test('is refused for exactly the step that it names but does not have', () => {
    expect(errorOf(() => contentGenerationPipeline(createWorkflow).build())).toBe(
      [
        "Workflow 'content-generation-pipeline' has 1 mistake:",
        "  - steps[5].cases.email: unknown step: step 'publish-email' does not exist",
      ].join('\n'),
    );
  });

  test('is right once it is there', () => {
    const definition = contentGenerationPipeline(createWorkflow).addStep('publish-email', stub('mailer')).build();
    expect(definition.steps).toHaveLength(9);
    expect(definition.output).toMatchObject({ kind: 'template' });
  });
});

describe('the example in YAML', () => {
  test('loads as it is', () => {
    const { definitions, issues } = loadYaml(yaml, { agentIds });
    expect(issues).toBeUndefined();
    const [definition] = definitions ?? [];
    expect(definition).toMatchObject({
      name: 'research-and-summarize',
      id: null,
      title: 'Research and Summarize',
      version: '1',
    });
    expect(definition?.steps).toMatchObject([
      { id: 'fetch-research', type: 'agent', agentId: 'a1', action: 'prompt', timeoutMs: 300_000 },
      { id: 'summarize', type: 'agent', agentId: 'a2', action: 'prompt' },
    ]);
  });

  test('is the same definition as with the builder', () => {
    const built = createWorkflow('research-and-summarize')
      .setTitle('Research and Summarize')
      .addStep('fetch-research', {
        type: 'agent',
        agentId: 'a1',
        action: 'prompt',
        input: { prompt: 'Research: {{workflow.input.topic}}' },
      })
      .addStep('summarize', {
        type: 'agent',
        agentId: 'a2',
        action: 'prompt',
        input: { prompt: 'Summarize: {{steps.fetch-research.output}}' },
      })
      .setOutput('{{steps.summarize.output}}')
      .build();
    expect(loadYaml(yaml, { agentIds }).definitions?.[0]?.hash).toBe(built.hash);
  });

  test('without an agents file, names the agents that are missing, with their places', () => {
    const { issues = [] } = loadYaml(yaml);
    expect(issues.map(({ path, position }) => [path, position?.line, position?.column])).toEqual([
      ['workflows[0].steps[0].agentId', 7, 18],
      ['workflows[0].steps[1].agentId', 14, 18],
    ]);
    expect(issues[0]?.message).toBe(
      "unknown agent reference '${AGENT_IDS.RESEARCH_AGENT}': AGENT_IDS.RESEARCH_AGENT is not defined",
    );
  });
});
