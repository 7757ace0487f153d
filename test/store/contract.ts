/** What every store promises (the comments of `Store` in src/core/ports.ts): one suite, run against each. */
import { describeCache } from './contract-cache.ts';
import { describeCommits } from './contract-commits.ts';
import { describeFences } from './contract-fences.ts';
import { describeLists } from './contract-lists.ts';
import { describeOwnership } from './contract-ownership.ts';
import { describePrune } from './contract-prune.ts';
import { useHarness, type Harness } from './harness.ts';

export function describeStore(name: string, makeHarness: () => Harness): void {
  const contract = useHarness(makeHarness);
  describeCommits(name, contract);
  describeFences(name, contract);
  describeLists(name, contract);
  describeOwnership(name, contract);
  describePrune(name, contract);
  describeCache(name, contract);
}
