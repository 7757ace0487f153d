import { describe, expect, test } from 'vitest';
import { didYouMean, suggest } from '../../src/expressions/index.ts';

describe('a suggestion', () => {
  test.each([
    ['sumarize', ['analyze', 'summarize'], 'summarize'],
    ['Steps', ['steps', 'state'], 'steps'],
    ['stpe', ['steps'], undefined],
    ['x', ['y'], 'y'],
    ['nothing-like-it', ['steps'], undefined],
    ['anything', [], undefined],
  ])('for %s among %j is %s', (name, known, best) => {
    expect(suggest(name, known)).toBe(best);
    expect(didYouMean(name, known)).toBe(best === undefined ? undefined : `did you mean '${best}'?`);
  });
});
