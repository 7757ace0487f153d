/** The commands that prove, test, draw and inspect, as processes: what they exit with, and that stdout is JSON alone with --json. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { addFiles, folderWith } from '../../project/folder.ts';
import { assertBuilt, cli, type Ended } from './cli.ts';

beforeAll(assertBuilt);

// Many processes, beside whatever else the machine does.
vi.setConfig({ testTimeout: 60_000 });

const steps = (isGated: boolean): string => `
    steps:
      - { id: write, type: agent, agentId: 'http://127.0.0.1:1', input: { prompt: 'Write' }, condition: '{{workflow.input.write}} === true' }
      - { id: approve, type: human, title: 'Publish?', timeout: 1d, onTimeout: reject }
      - id: publish
        type: transform
        template: { text: '{{steps.write.output}} || "nothing"' }
        ${isGated ? `condition: '{{steps.approve.output.decision}} === "approve"'` : 'tags: [open]'}
    output: '{{steps.publish.output}} || null'`;
const rule = '{ name: ask first, precedes: [{ step: approve, outcome: approve }, publish] }';
const workflow = (isGated: boolean, rules: string): string => `
  - id: publishing
    rules: [${rules}]${steps(isGated)}`;

function project(isGated: boolean, more = '', rules = rule): string {
  return folderWith({ 'workflows.yaml': `workflows:${workflow(isGated, rules)}${more}\n` });
}
/** It counts further than is looked at. */
const counting = `
  - id: counting
    steps:
      - { id: l, type: loop, while: '{{loop.index}} < 90', maxIterations: 90, steps: [{ id: x, type: transform, template: 1 }] }`;
const missing = `
  - id: missing
    steps:
      - { id: a, type: agent, agentId: 'http://127.0.0.1:1', input: { prompt: 'A' }, condition: '{{workflow.input.a}} === true' }
      - { id: b, type: agent, agentId: 'http://127.0.0.1:1', input: { prompt: 'B {{steps.a.output}}' } }`;

const run = (cwd: string, ...args: readonly string[]): Promise<Ended> => cli(args, { cwd }).ended;

describe('verify', () => {
  test('exits with 0 when nothing goes wrong, with 1 when something does, with 7 when not all was looked at', async () => {
    const [fine, broken, cut, both] = await Promise.all([
      run(project(true), 'verify'),
      run(project(false), 'verify'),
      run(project(true, counting), 'verify'),
      run(project(true, counting + missing), 'verify'),
    ]);
    expect([fine.code, broken.code, cut.code, both.code]).toEqual([0, 1, 7, 1]);
    expect(fine.stdout).toMatch(/^publishing: nothing goes wrong; every path was looked at/);
    expect(broken.stdout).toMatch(/rule 'ask first' does not hold: 'publish' begins.*\n\s+path: .*approve times out/);
    expect(cut.stdout).toMatch(/^counting: no mistake found; NOT ALL was looked at/m);
    expect(both.stdout).toMatch(/\[MISSING_VALUE\]/);
    for (const { stderr } of [fine, broken, cut, both]) expect(stderr).toBe('');
  });

  test('--json is JSON alone, --mermaid a picture of each path, --against the difference', async () => {
    const cwd = project(false);
    addFiles(cwd, { 'before.yaml': `workflows:${workflow(true, rule)}\n` });
    const [json, mermaid, against, unknown] = await Promise.all([
      run(cwd, 'verify', 'publishing', '--json'),
      run(cwd, 'verify', '--mermaid'),
      run(cwd, 'verify', '--against', 'before.yaml', '--json'),
      run(cwd, 'verify', 'nope', '--json'),
    ]);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { workflow: 'publishing', ok: false, complete: true, rules: { broken: 1 } },
    ]);
    expect(mermaid.stdout).toMatch(/^flowchart TD\n[^]*RULE_BROKEN/);
    expect(JSON.parse(against.stdout)).toMatchObject([
      { workflow: 'publishing', changes: expect.any(Array) as unknown[] },
    ]);
    expect(JSON.parse(unknown.stdout)).toMatchObject({ type: 'error', exitCode: 3 });
    expect([json.code, mermaid.code, against.code, unknown.code]).toEqual([1, 1, 1, 3]);
  });
});

describe('test', () => {
  test('exits with 0 when all paths pass, with 1 when one does not, with 7 when not all were found', async () => {
    const [fine, failing, cut, json] = await Promise.all([
      run(project(true), 'test', '--coverage', 'seen.json'),
      run(project(true, missing), 'test', 'missing'),
      run(project(true, counting), 'test', 'counting'),
      run(project(true, missing), 'test', '--json'),
    ]);
    expect([fine.code, failing.code, cut.code, json.code]).toEqual([0, 1, 7, 1]);
    expect(fine.stdout).toMatch(/0 failed, 0 not driven.*\n {2}coverage: states (\d+)\/\1 \(100%\)/);
    expect(failing.stdout).toMatch(/FAIL {2}.*\n {10}step 'b' cannot be rendered: prompt: .*steps\.a\.output/);
    expect(cut.stdout).toMatch(/NOT ALL paths: loop 'l' counts/);
    expect(JSON.parse(json.stdout)).toMatchObject([{ workflow: 'publishing' }, { workflow: 'missing' }]);
  });
});

describe('a rule that does not hold', () => {
  test('refuses the run with 2, and nothing is begun; --no-verify runs it', async () => {
    const cwd = project(false);
    const refused = await run(cwd, 'run', 'publishing', '--run-id', 'a', '--json');
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: 'DEFINITION_INVALID', issues: [{ code: 'RULE_BROKEN' }] },
    });
    expect((await run(cwd, 'status', 'a')).code).toBe(3);
    const begun = await run(cwd, 'run', 'publishing', '--run-id', 'a', '--no-verify', '-q');
    expect(begun.code).toBe(5);
    // What is there already is answered and ended all the same.
    expect((await run(cwd, 'cancel', 'a', '-q')).code).toBe(0);
  });

  test('is told by validate', async () => {
    const { code, stderr } = await run(project(false), 'validate');
    expect(code).toBe(2);
    expect(stderr).toMatch(/workflows\.yaml: error: rules\[0\]: the rule 'ask first' does not hold/);
  });
});

describe('draw and inspect', () => {
  test('draw writes what is asked for, also what tests have seen, and says what it cannot', async () => {
    const cwd = project(true);
    expect((await run(cwd, 'test', '--coverage', 'seen.json')).code).toBe(0);
    const [seen, file, json, unknown, format] = await Promise.all([
      run(cwd, 'draw', '--coverage', 'seen.json'),
      run(cwd, 'draw', '-o', 'flow.svg', '--theme', 'dark'),
      run(cwd, 'draw', '--json', '--format', 'dot'),
      run(cwd, 'draw', 'nope'),
      run(cwd, 'draw', '--format', 'png'),
    ]);
    expect([seen.code, file.code, json.code, unknown.code, format.code]).toEqual([0, 0, 0, 3, 2]);
    expect(seen.stdout).toMatch(/(\d) of \1 steps and (\d) of \2 arrows seen/);
    expect(file.stdout).toBe('');
    expect(readFileSync(join(cwd, 'flow.svg'), 'utf8')).toMatch(/^<svg /);
    expect(JSON.parse(json.stdout)).toMatchObject({
      workflow: 'publishing',
      format: 'dot',
      drawing: expect.stringMatching(/^digraph/) as string,
    });
    expect(format.stderr).toMatch(/expected one of mermaid, svg, dot, json/);
    expect(existsSync(join(cwd, '.dank'))).toBe(false);
  });

  test('inspect --json tells a run that has ended, as one message a line', async () => {
    const cwd = project(true);
    expect((await run(cwd, 'run', 'publishing', '--run-id', 'a', '-q')).code).toBe(5);
    expect((await run(cwd, 'answer', 'a:approve:1', '--approve', '-q')).code).toBe(0);
    const { code, stdout } = await run(cwd, 'inspect', 'a', '--json');
    expect(code).toBe(0);
    const messages = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string });
    expect(new Set(messages.map(({ type }) => type))).toEqual(
      new Set(['@xstate.actor', '@xstate.event', '@xstate.snapshot']),
    );
    expect((await run(cwd, 'inspect', 'nope', '--json')).code).toBe(3);
  });
});
