/** Where routers lead. */
import type { Step, Target } from '../definition/definition.ts';

/** Of a router, a target for each of its branches; null: on to the next step. Other steps have none. */
export function targetsOf(step: Step): readonly (Target | null)[] {
  if (step.type === 'conditional') return [step.then, step.else];
  return step.type === 'switch' ? [...step.cases.map(({ target }) => target), step.default] : [];
}
