import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { folderWith } from '../../project/folder.ts';
import { startAgent } from '../agents.ts';
import { Screen } from '../view/screen.ts';
import { assertBuilt, bin, start, type Process } from './cli.ts';

beforeAll(assertBuilt);

/** util-linux's `script` gives a command a terminal of its own. */
const terminal = 'script';
const { error, stdout: version } = spawnSync(terminal, ['--version'], { encoding: 'utf8' });
const hasScript = error === undefined && version.includes('util-linux');

function inTerminal(args: readonly string[], cwd: string, columns: number, rows: number, env = {}): Process {
  const command = [process.execPath, bin, ...args].map((each) => `'${each}'`).join(' ');
  return start(terminal, ['-qec', `stty cols ${columns} rows ${rows} && exec ${command}`, '/dev/null'], {
    cwd,
    env: { TERM: 'xterm-256color', ...env },
  });
}

const steps = (count: number): string =>
  Array.from({ length: count }, (_, index) => `  - { id: step-${index}, type: wait, duration: 10 }\n`).join('');

describe.runIf(hasScript)('on a terminal', () => {
  test('the tree is drawn in place, and stands there once when the run has ended', async () => {
    const agent = await startAgent((_, count) => {
      if (count === 1) throw new Error('overloaded');
      return 'a fine answer';
    });
    const yaml = `id: flow\nsteps:\n  - { id: ask, type: agent, agentId: helper, input: { prompt: x }, retry: { maxAttempts: 2, delay: 300 } }\n  - { id: nap, type: wait, duration: 300 }\noutput: '{{steps.ask.output}}'\n`;
    const cwd = folderWith({ 'workflows.yaml': yaml });
    const running = inTerminal(['run', 'flow', '--run-id', 'r', '--agent', `helper=${agent.url}`], cwd, 100, 20);
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('\u001b[32m');
    expect(stdout).toMatch(/attempt 1 of 2 failed, again in \d+ms/);
    const screen = new Screen(100, 20);
    screen.write(stdout);
    expect(screen.lines.map((line) => line.replaceAll(/\d+ms|\d\.\ds/g, 'N'))).toEqual([
      'flow  run r  N',
      '├ ✔ ask  agent helper  N  2 attempts',
      '└ ✔ nap  wait  N',
      'a fine answer',
      'completed in N',
      'Look at it again: dank-workflow logs r',
    ]);
    expect(screen.isCursorShown).toBe(true);
  });

  test('a tree that is too high is shown in part, then whole', async () => {
    const cwd = folderWith({ 'workflows.yaml': `id: flow\nsteps:\n${steps(40)}` });
    const { stdout } = await inTerminal(['run', 'flow'], cwd, 80, 12).ended;
    expect(stdout).toMatch(/… below: \d+ pending/);
    const screen = new Screen(80, 12);
    screen.write(stdout);
    expect(screen.lines.filter((line) => line.includes('step-'))).toHaveLength(40);
    expect(screen.lines.filter((line) => line.includes('✔'))).toHaveLength(40);
    expect(screen.lines.some((line) => /below|above/.test(line))).toBe(false);
  });

  test('what a workflow prints stands above the tree, line by line', async () => {
    const text = `export default { workflows: [(await import('dank-workflow')).createWorkflow('talk')
      .addStep('a', { type: 'transform', transform: async () => { process.stdout.write('one '); await new Promise((r) => setTimeout(r, 200)); console.log('line'); console.error('two'); } })
      .addStep('b', { type: 'wait', duration: 200 })] };`;
    const { stdout } = await inTerminal(['run', 'talk', '--run-id', 'r'], folderWith({ 'workflows.mjs': text }), 80, 24)
      .ended;
    const screen = new Screen(80, 24);
    screen.write(stdout);
    expect(screen.lines.slice(0, 3)).toEqual(['one line', 'two', expect.stringMatching(/^talk {2}run r/)]);
    expect(screen.lines.filter((line) => line.includes('├ ✔ a'))).toHaveLength(1);
  });

  test('Ctrl-C gives the cursor back', async () => {
    const cwd = folderWith({ 'workflows.yaml': 'id: flow\nsteps:\n  - { id: nap, type: wait, duration: 1h }\n' });
    const command = `'${process.execPath}' '${bin}' run flow --run-id r & PID=$!; until grep -q . .dank/workflows.db 2>/dev/null && '${process.execPath}' '${bin}' status r > /dev/null 2>&1; do :; done; kill -INT $PID; wait $PID; echo "code $?"`;
    const { stdout } = await start(terminal, ['-qec', command, '/dev/null'], { cwd, env: { TERM: 'xterm-256color' } })
      .ended;
    expect(stdout).toContain('code 130');
    expect(stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?25l'));
    expect(stdout).toContain('dank-workflow resume r');
  });

  test('a terminal that can nothing gets lines', async () => {
    const cwd = folderWith({ 'workflows.yaml': `id: flow\nsteps:\n${steps(1)}` });
    const { stdout } = await inTerminal(['run', 'flow'], cwd, 80, 24, { TERM: 'dumb' }).ended;
    expect(stdout).not.toContain('\u001b[');
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}step-0 {2}completed/m);
  });
});
