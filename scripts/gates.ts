/** The gates of `npm run check`, in the order in which they run. What each runs is the npm script `check:<name>`. */

export interface Gate {
  readonly name: string;
  /** What it watches, for the table at the end. */
  readonly about: string;
}

export const gates: readonly Gate[] = [
  { name: 'format', about: 'formatting (oxfmt)' },
  { name: 'layers', about: 'imports only go down; only default ports read clock, chance, timers, environment' },
  { name: 'lint', about: 'lint with types, circular imports (oxlint)' },
  { name: 'types', about: 'strict types of sources, tests, scripts, benches and examples (tsc)' },
  { name: 'deadcode', about: 'unused files, exports and dependencies (knip)' },
  { name: 'build', about: 'what is published (tsc)' },
  { name: 'package', about: 'the tarball as its users see it (publint, attw)' },
  {
    name: 'tests',
    about:
      'the tests, the rules of the project among them, with coverage per folder (vitest); without the kill loop of npm test',
  },
  { name: 'simulation', about: '2,000 seeds of the simulator: what is promised holds, whatever goes wrong' },
  { name: 'planted', about: 'bugs that are planted in the engine: the simulator finds them' },
];
