/**
 * Prints `N passed, N failed` from the JSON report of the tests. Failed counts tests and files that did not load; it is at
 * least 1 when anything else went wrong (second argument: the exit status) or no test ran. Runs on any Node.js.
 */
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {{ status: string, assertionResults: { status: string }[] }} FileReport
 * @typedef {{ numPassedTests: number, numFailedTests: number, testResults: FileReport[] }} Report
 */

const [path = '', exitStatus = '0'] = process.argv.slice(2);

/** @param {Report} report */
function brokenFiles({ testResults }) {
  return testResults.filter(({ status, assertionResults }) => {
    return status === 'failed' && assertionResults.every((result) => result.status !== 'failed');
  }).length;
}

/** @returns {Report} */
function readReport() {
  if (!existsSync(path)) return { numPassedTests: 0, numFailedTests: 0, testResults: [] };
  return /** @type {Report} */ (JSON.parse(readFileSync(path, 'utf8')));
}

const report = readReport();
const least = exitStatus === '0' && report.numPassedTests > 0 ? 0 : 1;
const failed = Math.max(least, report.numFailedTests + brokenFiles(report));
console.log(`${report.numPassedTests} passed, ${failed} failed`);
