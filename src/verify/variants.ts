/**
 * Where there are too many situations to look at all: of those in which the chart stands at the same place, each that shows
 * something which none before it did, or lacks something which all before it had. Combinations of these are left out, and that is
 * said; what is looked at is still reached by real ways.
 */

/** Of one place, looked at in any case. */
const fewVariants = 32;

interface Place {
  count: number;
  readonly seen: Set<string>;
  readonly common: Set<string>;
}

export class Variants {
  readonly #places = new Map<string, Place>();

  /** @param key as {@link Keys} makes it: the chart's value, and the facts beside it */
  isNews(key: string): boolean {
    const end = key.indexOf(';');
    const name = end === -1 ? key : key.slice(0, end);
    const facts = new Set(key.slice(name.length).split(/[ ,;|]/));
    const place = this.#places.get(name);
    if (place === undefined) {
      this.#places.set(name, { count: 1, seen: new Set(facts), common: facts });
      return true;
    }
    const isNew =
      [...facts].some((each) => !place.seen.has(each)) || [...place.common].some((each) => !facts.has(each));
    if (!isNew && place.count >= fewVariants) return false;
    place.count += 1;
    for (const each of facts) place.seen.add(each);
    for (const each of place.common) if (!facts.has(each)) place.common.delete(each);
    return true;
  }
}
