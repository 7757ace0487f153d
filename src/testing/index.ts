/**
 * `dank-workflow/testing`: the real engine with virtual time, mocked agents and a store that can be killed; recorded histories as
 * regression tests. Works under any test runner; patches nothing.
 */
export { createTestEngine, type TestEngine, type TestEngineOptions } from './test-engine.ts';
export {
  after,
  fail,
  hangs,
  respond,
  sequence,
  stream,
  type FailOptions,
  type Mock,
  type MockCall,
  type MockTable,
  type RespondOptions,
} from './answers.ts';
export { describeWorkflow, type DescribeOptions, type PathRunEnd } from './describe-workflow.ts';
export type { PathOverrides, PathResult } from './path-run.ts';
export type { LongerTimer } from '../verify/schedule.ts';
export { testPaths, type PathTests, type TestPathsOptions } from './test-paths.ts';
export {
  crashWorkflow,
  simulateWorkflow,
  simulateWorkflowSeed,
  type BrokenSeed,
  type SimulateOptions,
  type SimulationSummary,
} from './simulate-workflow.ts';
export { replayHistory, type HistoryDifference, type HistoryReplay } from './history/replay-history.ts';
export { rerunHistory, type HistoryRerun, type RerunEnd, type RerunOptions } from './history/rerun-history.ts';
export type { RecordingText } from './history/recording.ts';
export { UnmockedError } from './mocks.ts';
export type { SnapshotEvent } from './history-snapshot.ts';
export type { LogLine } from './memory-log.ts';
export { VirtualClock } from './virtual-clock.ts';
