/** The product's own virtual time, for our tests. */
export { driveUntil, VirtualClock } from '../../src/testing/virtual-clock.ts';
