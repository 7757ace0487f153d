/** Fields that are found when they are read, as an object's own: it can be spread and printed like one that holds them. */

export type LazyFields = readonly (readonly [string, PropertyDescriptor])[];

/**
 * The getters are to be the same for all objects of a class: an object literal with getters of its own has a shape of its own, which
 * V8 keeps, with all that the getters see, until it collects everything (measured: 3 KB a step).
 */
export function lazyFields<T extends object>(
  getters: { readonly [Name in keyof T]?: () => T[Name] } & ThisType<T>,
): LazyFields {
  return Object.entries(getters).map(([name, get]) => [
    name,
    { get: get as () => unknown, enumerable: true, configurable: true },
  ]);
}

export function addLazyFields(target: object, fields: LazyFields): void {
  for (const [name, descriptor] of fields) Object.defineProperty(target, name, descriptor);
}
