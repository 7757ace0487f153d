import { expect, test } from 'vitest';
import { inlineLoader } from '../../machines/evaluate.ts';

test('a run without a store holds its values itself: what refers to a history is a mistake that is told', () => {
  expect(() => inlineLoader.loadOutput({ seq: 1 }, 'run')).toThrow('without a store');
  expect(() => inlineLoader.loadRunOutput('run/loop:1/0')).toThrow('without a store');
});
