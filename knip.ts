/** What counts as used: the published entries, tests, scripts and what examples run. */
import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'bin/*.js',
    'bench/*.ts',
    'faults/*.ts',
    'scripts/*.{ts,js}',
    'examples/**/*.{js,ts,mjs}',
    'test/**/*.test.ts',
  ],
  project: ['{src,machines,bench,faults,scripts,bin}/**/*.{ts,js}', 'test/**/*.ts', '!**/templates/**'],
  // A type that is part of an exported signature is exported with it, imported elsewhere or not.
  ignoreExportsUsedInFile: { interface: true, type: true },
  // A room's face names its types as a whole.
  ignoreIssues: { 'src/*/index.ts': ['types'] },
  // scripts/check-package.ts starts them.
  ignoreDependencies: ['@arethetypeswrong/cli', 'publint'],
  // Of the system: test/faults fills a small disk of its own.
  ignoreBinaries: ['mount', 'umount'],
};

export default config;
