/** The closing line of `.ci/run`. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/test-summary.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'dank-workflow-summary-'));
const report = join(folder, 'report.json');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function summaryOf(content: object, ...rest: readonly string[]): string {
  writeFileSync(report, JSON.stringify(content));
  return spawnSync(process.execPath, [script, report, ...rest], { encoding: 'utf8' }).stdout;
}

const passed = { status: 'passed', assertionResults: [{ status: 'passed' }] };
const failed = { status: 'failed', assertionResults: [{ status: 'failed' }] };
const broken = { status: 'failed', assertionResults: [] };

test('counts tests', () => {
  expect(summaryOf({ numPassedTests: 7, numFailedTests: 0, testResults: [passed] }, '0')).toBe('7 passed, 0 failed\n');
  const content = { numPassedTests: 7, numFailedTests: 2, testResults: [passed, failed, failed] };
  expect(summaryOf(content, '1')).toBe('7 passed, 2 failed\n');
});

test('counts a file that did not load as a failure', () => {
  const content = { numPassedTests: 7, numFailedTests: 1, testResults: [passed, failed, broken] };
  expect(summaryOf(content, '1')).toBe('7 passed, 2 failed\n');
});

test('says that something failed when something else than tests did', () => {
  expect(summaryOf({ numPassedTests: 7, numFailedTests: 0, testResults: [passed] }, '1')).toBe('7 passed, 1 failed\n');
});

test('without a report, nothing passed and something failed', () => {
  const { stdout } = spawnSync(process.execPath, [script, join(folder, 'none.json'), '0'], { encoding: 'utf8' });
  expect(stdout).toBe('0 passed, 1 failed\n');
});
