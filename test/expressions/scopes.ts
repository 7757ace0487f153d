/** Data that the tables of this folder read. */
import { dataScope, type Scope } from '../../src/expressions/index.ts';

export const emptyScope: Scope = () => undefined;

/** A scope over `v`: `scopeOf({ a: 1 })` gives 1 at `vars.a`. */
export function scopeOf(vars: Readonly<Record<string, unknown>>): Scope {
  return dataScope({ vars });
}
