/** Keeps warnings of Node.js about its own experiments, which users of this command can do nothing about, off the screen. */

const quiet: readonly RegExp[] = [
  /SQLite is an experimental feature/,
  /Type Stripping is an experimental feature/,
  /Importing (a CommonJS )?.*ES Module.* using require/i,
];

export function quietWarnings(): void {
  const emit = process.emitWarning.bind(process) as (...parameters: unknown[]) => void;
  process.emitWarning = (warning: string | Error, ...parameters: unknown[]): void => {
    const message = typeof warning === 'string' ? warning : warning.message;
    if (!quiet.some((each) => each.test(message))) emit(warning, ...parameters);
  };
}
