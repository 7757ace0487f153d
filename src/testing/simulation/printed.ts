/**
 * What functions of the author print while a simulation runs them, hundreds of times: kept out of what is told of the simulation.
 * Owns the console while anybody hears it; simulations may overlap.
 */
import { format } from 'node:util';

const methods = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const;

const hearing = new Set<(text: string) => void>();
let giveBack: () => void = () => undefined;

/** Nothing is printed until the function that it gives is called. `hear` gets each text, as it would have been printed. */
export function hearPrinted(hear: (text: string) => void): () => void {
  if (hearing.size === 0) giveBack = take();
  hearing.add(hear);
  return () => {
    hearing.delete(hear);
    if (hearing.size === 0) giveBack();
  };
}

function take(): () => void {
  const { console } = globalThis;
  const before = Object.fromEntries(methods.map((method) => [method, console[method]]));
  const print = (...values: readonly unknown[]): void => {
    for (const hear of hearing) hear(format(...values));
  };
  Object.assign(console, Object.fromEntries(methods.map((method) => [method, print])));
  return () => {
    Object.assign(console, before);
  };
}
