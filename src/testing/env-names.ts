/** The secrets that workflows name, for runs without an environment. */
import type { WorkflowDefinition } from '../definition/index.ts';

/** Each `{{env.NAME}}` of theirs, as what `value` gives for its name. */
export function envOf(
  definitions: readonly WorkflowDefinition[],
  value: (name: string) => string,
): Readonly<Record<string, string>> {
  const found = definitions.flatMap(({ canonical }) => [...canonical.matchAll(/\benv\.([A-Za-z_]\w*)/g)]);
  return Object.fromEntries(found.map(([, name = '']) => [name, value(name)]));
}
