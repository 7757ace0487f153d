/** Limits of a definition. An error about one names it and its value. */

/** Steps of a definition, nested ones too. */
export const maxSteps = 10_000;
/** Steps within steps. */
export const maxStepDepth = 32;
/** Levels of objects and arrays in the whole of a definition's data. */
export const maxDataDepth = 200;
/** Values in the whole of a definition's data. */
export const maxDataNodes = 1_000_000;
/** Bytes of a YAML or JSON text. */
export const maxTextBytes = 10 * 1024 * 1024;
/** Levels of lists and maps in a YAML or JSON text. */
export const maxTextDepth = 200;
/** Characters of an id or a name. */
export const maxNameLength = 128;
export const maxAttemptsLimit = 1_000;
/** Rounds of an `items` loop with `parallel: true` at a time, where `maxConcurrency` does not say otherwise. */
export const defaultLoopConcurrency = 10;
/** Rounds of a `while` or `until` loop, where `maxIterations` does not say otherwise. */
export const defaultMaxIterations = 1_000;
/** Per attempt of `agent` and `http` steps, where `timeout` does not say otherwise. */
export const defaultCallTimeoutMs = 5 * 60_000;
export const defaultPollIntervalMs = 1_000;
export const defaultMaxVisits = 25;
