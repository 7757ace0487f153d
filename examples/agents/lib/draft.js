// @ts-check
/** The form of the drafts that the writer writes and the critic judges: a title, a body, a line of sources. */

/** Words that the critic wants in a body. */
export const MIN_WORDS = 40;

/**
 * The parts of a draft; a part that is not there is ''.
 * @param {string} draft
 */
export function partsOf(draft) {
  const lines = draft.trim().split('\n');
  const title = lines[0]?.startsWith('# ') ? lines[0] : '';
  const last = lines.at(-1) ?? '';
  const sources = last.startsWith('Sources: ') ? last : '';
  const body = lines
    .slice(title === '' ? 0 : 1, sources === '' ? undefined : -1)
    .join('\n')
    .trim();
  return { title, body, sources };
}
