#!/usr/bin/env node
// The command `dank`, shared with the package dank-ai: `dank workflow ...` is ours, everything else is theirs. Which of the
// two packages' `dank` npm puts on the path depends on the order of installation; this one serves both. It runs on every
// version of Node.js that dank-ai runs on.

if (process.argv[2] === 'workflow') {
  void import('./dank-workflow.js');
} else {
  void import('./pass-on.js').then(function (other) {
    return other.passOn(process.argv.slice(2));
  });
}
