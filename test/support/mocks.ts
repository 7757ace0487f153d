/**
 * What the world answers to `agent` and `http` steps in our tests, by step id: the product's mocks, but for one thing: a step
 * without a mock answers its own id. One handler serves the engine and plain XState machines alike.
 */
import { InvariantError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/core/ports.ts';
import type { MockTable } from '../../src/testing/answers.ts';
import { Mocks as ProductMocks } from '../../src/testing/mocks.ts';

export { after, fails, hangs, sequence as replies } from '../../src/testing/answers.ts';
export type { MockCall, MockTable } from '../../src/testing/answers.ts';

export class Mocks extends ProductMocks {
  readonly handle = this.before(() => Promise.reject(new InvariantError('not a step that is mocked')));

  constructor(steps: MockTable, clock: Clock) {
    super({ steps, clock, fallback: ({ step }) => step });
  }
}
