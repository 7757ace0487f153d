/** The product's own seeded randomness, for our tests. */
export { SeededRandom } from '../../src/testing/seeded-random.ts';
