/**
 * Prints `N passed, N failed` from the JSON report of the tests. Failed counts tests, files that did not load, and what
 * else went wrong (second argument); a missing report is a failure too. Runs on any Node.js.
 */
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {{ status: string, assertionResults: { status: string }[] }} FileReport
 * @typedef {{ numPassedTests: number, numFailedTests: number, testResults: FileReport[] }} Report
 */

const [path = '', broken = '0'] = process.argv.slice(2);

/** @param {Report} report */
function brokenFiles({ testResults }) {
  return testResults.filter(({ status, assertionResults }) => {
    return status === 'failed' && assertionResults.every((result) => result.status !== 'failed');
  }).length;
}

if (existsSync(path)) {
  const report = /** @type {Report} */ (JSON.parse(readFileSync(path, 'utf8')));
  const failed = report.numFailedTests + brokenFiles(report) + Number(broken);
  console.log(`${report.numPassedTests} passed, ${failed} failed`);
} else {
  console.log(`0 passed, ${1 + Number(broken)} failed`);
}
