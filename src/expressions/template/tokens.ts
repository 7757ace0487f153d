/** mustache's parser, without its cache, which would keep every template for ever. */
import mustache from 'mustache';

/** `start` and `end` are places in the source; sections carry their content. */
export type Token = readonly [
  kind: 'text' | 'name' | '&' | '#' | '^' | '!',
  text: string,
  start: number,
  end: number,
  content?: readonly Token[],
];

/** Given each time: mustache's own default is a variable that anybody in the process may change. */
const delimiters: mustache.OpeningAndClosingTags = ['{{', '}}'];

/** The source has passed `outlineTags`. */
export function parseTokens(source: string): readonly Token[] {
  return uncached(new mustache.Writer()).parse(source, delimiters) as readonly Token[];
}

/** A writer that forgets what it parsed. */
export function uncached<W extends mustache.Writer>(writer: W): W {
  return Object.assign(writer, { templateCache: undefined });
}
