import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { formatIssues, loadJson, loadYaml } from '../../src/definition/index.ts';

import { findJsonMistake } from '../../src/definition/text/json-place.ts';
import { cpuTimer } from '../support/cpu-time.ts';

/** `line:column code` of each mistake. */
function places(text: string, load: typeof loadYaml = loadYaml): readonly string[] {
  return (load(text).issues ?? []).map(
    ({ code, position }) => `${position?.line ?? '-'}:${position?.column ?? '-'} ${code}`,
  );
}

describe('every mistake in a YAML text has its place', () => {
  test('a wrong value: where it begins; an unknown field: at its name; a missing one: at what it is missing in', () => {
    const text = [
      'id: wf',
      'steps:',
      '  - id: a',
      '    type: wait',
      '    duration: soon',
      '  - id: b',
      '    type: wiat',
      '  - type: wait',
      '    duration: 5',
      '    tiemout: 5',
      'outptu: x',
    ].join('\n');
    expect(places(text)).toEqual([
      '5:15 INVALID_VALUE',
      '7:11 UNKNOWN_TYPE',
      '8:5 REQUIRED',
      '10:5 UNKNOWN_FIELD',
      '11:1 UNKNOWN_FIELD',
    ]);
  });

  test('in steps that wait for somebody', () => {
    const text = [
      'id: wf',
      'steps:',
      '  - id: paid',
      '    type: signal',
      '    match: "{{signal.payload.id}} === {{steps.x.output}}"',
      '  - id: review',
      '    type: human',
      '    assignees: [kim, 5]',
      '    onTimeout: approve',
      '  - {id: c, type: workflow, workflow: "{{workflow.input.x}}"}',
      '  - {id: e, type: emit, name: x, retry: {maxAttempts: 0}}',
    ].join('\n');
    expect(places(text)).toEqual([
      '5:41 UNKNOWN_STEP',
      '8:22 INVALID_TYPE',
      '9:16 FIELD_MISPLACED',
      '10:39 TEMPLATE_MISPLACED',
      '11:55 OUT_OF_RANGE',
    ]);
  });

  test('a reference or condition within a text: at the very place, whatever the quotes', () => {
    const text = [
      'id: wf',
      'steps:',
      '  - {id: a, type: wait, condition: "{{workflow.input.n}} >"}',
      "  - {id: b, type: transform, template: 'On {{steps.x.output}}'}",
      '  - id: c',
      '    type: transform',
      '    template: On {{steps.x.output}}',
      '  - id: d',
      '    type: transform',
      '    template:',
      '      deep: ["", "and {{steps.y.output}}"]',
    ].join('\n');
    const [condition, single, plain, deep] = places(text);
    expect([condition, single, plain, deep]).toEqual([
      '3:59 CONDITION_SYNTAX',
      '4:46 UNKNOWN_STEP',
      '7:20 UNKNOWN_STEP',
      '11:25 UNKNOWN_STEP',
    ]);
  });

  test('issues are in the order of the text, and are written with the file', () => {
    const { issues = [] } = loadYaml(
      'id: wf\nsteps:\n  - {id: a, type: transform, template: "{{steps.b.output}}"}\n  - {id: c, type: wait}\n',
    );
    expect(formatIssues(issues, 'flow.yaml')).toBe(
      [
        "flow.yaml:3:43: steps[0].template: unknown step: step 'b' does not exist",
        'flow.yaml:4:5: steps[1].duration: a wait step needs duration, until or condition',
      ].join('\n'),
    );
  });

  test.each([
    ['an unquoted template', 'id: wf\nsteps:\n  - id: a\n    input: {{x}}', '4:12 TEMPLATE_NOT_QUOTED'],
    ['an unquoted template before text', 'id: wf\noutput: {{steps.a.output}} and more', '2:9 TEMPLATE_NOT_QUOTED'],
    ['a list as a key', '? [a, b]\n: 1', '1:3 YAML_KEY'],
    ['an unknown alias', 'a: *b', '1:4 UNKNOWN_ALIAS'],
    ['a circular alias', 'a: &a\n  b: *a', '2:6 ALIAS_CYCLE'],
    ['a tag of a language', 'a: !!js/function "x"', '1:4 YAML_TAG'],
    ['a duplicate key', 'id: a\nid: b', '2:1 DUPLICATE_KEY'],
    ['two documents', 'id: a\n---\nid: b', '2:1 MULTIPLE_DOCUMENTS'],
    ['nothing but comments', '# later\n', '1:1 EMPTY'],
  ])('%s', (_name, text, expected) => {
    expect(places(text)).toEqual([expected]);
  });

  test('an unquoted template is explained', () => {
    expect(loadYaml('id: wf\nsteps:\n  - id: a\n    input: {{workflow.input.topic}}').issues?.[0]).toMatchObject({
      hint: 'write "{{workflow.input.topic}}"',
      excerpt: '    input: {{workflow.input.topic}}\n           ^',
    });
    expect(loadYaml('output: {{a}} and more').issues).toMatchObject([
      { code: 'TEMPLATE_NOT_QUOTED', hint: 'write "{{a}}"' },
    ]);
  });
});

describe('a YAML text', () => {
  test('may use anchors, aliases and merge keys', () => {
    const text = [
      'workflows:',
      '  - id: wf',
      '    steps:',
      '      - &base {id: a, type: agent, agentId: x, timeout: 5s, input: {prompt: p}}',
      '      - {<<: *base, id: b}',
    ].join('\n');
    expect(loadYaml(text).definitions?.[0]?.steps).toMatchObject([
      { id: 'a' },
      { id: 'b', agentId: 'x', timeoutMs: 5000 },
    ]);
  });

  test('may be one workflow, or a list of them', () => {
    const one = '{id: w1, steps: [{id: a, type: wait, duration: 1}]}';
    expect(loadYaml(one).definitions).toHaveLength(1);
    expect(loadYaml(`workflows: [${one}, ${one.replace('w1', 'w2')}]`).definitions?.map(({ name }) => name)).toEqual([
      'w1',
      'w2',
    ]);
  });

  test.each([
    ['workflows: []', 'NO_WORKFLOWS', 'workflows'],
    ['workflows: 5', 'INVALID_TYPE', 'workflows'],
    ['workflows: [{id: w, steps: [{id: a, type: wait, duration: 1}]}]\nagents: []', 'UNKNOWN_FIELD', 'agents'],
    [
      'workflows: [{id: w, steps: [{id: a, type: wait, duration: 1}]}, {id: w, steps: [{id: a, type: wait, duration: 1}]}]',
      'DUPLICATE_WORKFLOW',
      'workflows[1].id',
    ],
    ['workflows: [5]', 'INVALID_TYPE', 'workflows[0]'],
  ])('%s', (text, code, path) => {
    expect(loadYaml(text).issues).toMatchObject([{ code, path }]);
  });

  test('with very many keys is read in time', () => {
    const took = cpuTimer();
    expect(
      loadYaml(
        `id: wf\nmetadata: {${Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join(', ')}}\nsteps: [{id: a, type: wait, duration: 1}]`,
      ).issues,
    ).toBeUndefined();
    expect(took()).toBeLessThan(3_000);
  });
});

describe('a JSON text', () => {
  const good = '{"id": "wf",\n\t"steps": [{"id": "a", "type": "wait", "duration": 5}]}';

  test('is read, also from bytes', () => {
    expect(loadJson(good).definitions?.[0]?.name).toBe('wf');
    expect(loadJson(new TextEncoder().encode(`\ufeff${good}`)).definitions?.[0]?.name).toBe('wf');
  });

  test.each([
    [
      'a wrong value',
      '{"id": "wf",\n\t"steps": [{"id": "a", "type": "wait",\n\t"duration": "x"}]}',
      '3:14 INVALID_VALUE',
    ],
    ['a syntax error', '{"id": "wf",\n "steps": [}', '2:12 JSON_SYNTAX'],
    ['an early end', '{"id": ', '1:8 JSON_SYNTAX'],
    ['nothing', '  ', '1:3 EMPTY'],
    ['a duplicate key', '{"id": "a",\n "id": "b"}', '2:2 DUPLICATE_KEY'],
    ['too deep', `${'['.repeat(5000)}${']'.repeat(5000)}`, '1:201 NESTING_TOO_DEEP'],
  ])('%s', (_name, text, expected) => {
    expect(places(text, loadJson)).toEqual([expected]);
  });

  test('that is too large or not UTF-8 is refused', () => {
    expect(loadJson(`"${'x'.repeat(11 * 1024 * 1024)}"`).issues).toMatchObject([{ code: 'TEXT_TOO_LARGE' }]);
    expect(loadJson(Uint8Array.of(0x22, 0xff, 0x22)).issues).toMatchObject([{ code: 'TEXT_ENCODING' }]);
  });
});

describe('the place of a JSON mistake', () => {
  test('is the end of a text that is right', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(findJsonMistake(text)).toBe(text.length);
      }),
    );
  });

  test.each([
    ['{a: 1}', 1],
    ['{"a" 1}', 5],
    ['{"a": 1,}', 8],
    ['[1, ]', 4],
    ['[1 2]', 3],
    ['[1}', 2],
    ['[1]]', 3],
    ['01', 1],
    ["'a'", 0],
    ['"a\nb"', 0],
    ['{"a": tru}', 6],
    ['{"a": [1, {"b": nul', 16],
    ['[1', 2],
  ])('%s: %d', (text, offset) => {
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(findJsonMistake(text)).toBe(offset);
  });
});
