/** The rows by which runs are found by their input. Bounded: of a run with too many there is one row that says so. */
import { attributesOf } from '../attributes.ts';

const maxAttributes = 64;
/** Reading a longer one would hold up the commit. */
const maxDataLength = 64 * 1024;

/** In place of the attributes of a run that has too many: whether it fits is found out by reading its input. */
export const unlisted = '';

/** @param data of the run's first event */
export function storedAttributes(data: string): Iterable<string> {
  const attributes = data.length > maxDataLength ? null : attributesOf(data, maxAttributes);
  return attributes ?? [unlisted];
}
