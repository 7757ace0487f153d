import { describe, expect, test } from 'vitest';
import { checkAgents, loadYaml, parseDefinition } from '../../src/definition/index.ts';
import { formatIssue, type Issue } from '../../src/core/issue.ts';
import { definitionCases, stepIdCases, yamlCases, type Case } from './cases.ts';
import { cpuTimer } from '../support/cpu-time.ts';

const agents = [{ name: 'a1' }];

function issuesOf(given: unknown): readonly Issue[] {
  const result = parseDefinition(given);
  return result.definition === undefined ? result.issues : checkAgents(result.definition, agents);
}

function yamlIssues(given: unknown): readonly Issue[] {
  const result = loadYaml(given as string | Uint8Array);
  return result.issues ?? [];
}

function check(example: Case, read: (given: unknown) => readonly Issue[]): readonly Issue[] {
  const took = cpuTimer();
  const issues = read(example.given);
  const tookMs = took();
  // Without the lines of the text that are shown: it is the message that has to say it.
  const text = issues.map(({ excerpt: _shown, ...issue }) => formatIssue(issue)).join('\n');
  if (example.expected === 'accepted') {
    expect(text).toBe('');
    return issues;
  }
  expect(issues).not.toEqual([]);
  for (const mention of example.expected) expect(text).toMatch(mention);
  if (example.at !== undefined)
    expect(issues.map((issue) => issue.path)).toContainEqual(expect.stringMatching(startingWith(example.at)));
  if (example.withinMs !== undefined) expect(tookMs).toBeLessThan(example.withinMs);
  return issues;
}

/** The path itself, or something inside it. */
function startingWith(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.[\]]/g, '\\$&')}($|[.[])`);
}

describe('a wrong definition is refused with what is wrong, and where', () => {
  test.each(definitionCases)('$id', (example) => {
    check(example, issuesOf);
  });
});

describe('step ids', () => {
  test.each(stepIdCases)('$id', (example) => {
    check(example, issuesOf);
  });
});

describe('a wrong YAML text is refused with the place in the text', () => {
  test.each(yamlCases)('$id', (example) => {
    const issues = check(example, yamlIssues);
    const hasPlace = typeof example.given === 'string' && example.given.length < 1_000_000;
    for (const issue of hasPlace ? issues : [])
      expect(issue.position).toMatchObject({ line: expect.any(Number) as number });
    expect(issues.map((issue) => issue.message).join()).not.toContain('Maximum call stack');
  });
});
