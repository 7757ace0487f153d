/**
 * Options that every compiler of this room takes: the known roots and the limits. An error about a limit names it and
 * its value.
 */

/** The roots of every path; a loop's `as` name comes on top (language reference, "Templates"). */
export const defaultRoots: readonly string[] = ['workflow', 'steps', 'vars', 'state', 'env', 'loop'];

/** Lengths are in UTF-16 units, as `String.length` counts. */
export interface ExpressionLimits {
  /** Characters of a condition. @default 4_096 */
  readonly maxConditionLength: number;
  /** Levels of nesting in a condition. @default 64 */
  readonly maxConditionLevels: number;
  /** Characters of a template's source. @default 100_000 */
  readonly maxTemplateLength: number;
  /** Characters of one tag, comments included: mustache looks at runs of blanks again and again. @default 1_000 */
  readonly maxTagLength: number;
  /** Sections within sections. @default 32 */
  readonly maxSectionDepth: number;
  /** Characters of a rendered text. @default 4_194_304 (4 Mi) */
  readonly maxTextLength: number;
  /** Rounds of all sections in one rendering. @default 100_000 */
  readonly maxSectionRounds: number;
  /** Levels of objects and arrays in data with templates. @default 64 */
  readonly maxDataDepth: number;
}

const defaultLimits: ExpressionLimits = {
  maxConditionLength: 4_096,
  maxConditionLevels: 64,
  maxTemplateLength: 100_000,
  maxTagLength: 1_000,
  maxSectionDepth: 32,
  maxTextLength: 4 * 1024 * 1024,
  maxSectionRounds: 100_000,
  maxDataDepth: 64,
};

export interface ExpressionOptions {
  /** All names a path may begin with; a caller with names of its own gives `[...defaultRoots, 'item']`. @default defaultRoots */
  readonly roots?: readonly string[];
  /** @default defaultLimits */
  readonly limits?: Partial<ExpressionLimits>;
}

export interface ResolvedOptions {
  readonly roots: readonly string[];
  readonly limits: ExpressionLimits;
}

/** The options with all defaults filled in. */
export function resolveOptions(options: ExpressionOptions = {}): ResolvedOptions {
  return {
    roots: options.roots ?? defaultRoots,
    limits: options.limits === undefined ? defaultLimits : { ...defaultLimits, ...options.limits },
  };
}

/** `limit 4,096, option 'maxConditionLength'` */
export function describeLimit(limits: ExpressionLimits, name: keyof ExpressionLimits): string {
  return `limit ${limits[name].toLocaleString('en-US')}, option '${name}'`;
}
