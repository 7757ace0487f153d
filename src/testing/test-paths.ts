/** All paths of a workflow, run one after another, beside runs that were recorded; and what all of them have seen of it. */
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import { coverageOf, seenBy, type PathCoverage, type SeenChart } from '../verify/coverage.ts';
import type { Bound } from '../verify/graph.ts';
import { eventsOfPath, type ToldEvent } from '../verify/path-events.ts';
import { pathsOf, type Paths } from '../verify/paths.ts';
import { historyCoverage } from './history/history-coverage.ts';
import { readRecording, type RecordingText } from './history/recording.ts';
import { compareRecording, type HistoryReplay } from './history/replay-history.ts';
import { runPath, type PathOverrides, type PathResult } from './path-run.ts';

export interface PathTests {
  readonly workflow: string;
  readonly results: readonly PathResult[];
  /** Of recorded runs, one for each recording: whether they go as they went. */
  readonly replays: readonly HistoryReplay[];
  /** Of the paths that passed and of recorded runs. */
  readonly coverage: PathCoverage;
  /** Of recorded runs alone; null: there are none. */
  readonly recorded: PathCoverage | null;
  /** Empty: every situation was explored. */
  readonly bounds: readonly Bound[];
  /** What was told: by each path that passed and each recorded run, and by each round of their loops; for `coverageOfRuns`. */
  readonly told: readonly (readonly ToldEvent[])[];
}

export interface TestPathsOptions extends PathOverrides {
  /** Situations to explore, at most. @default 20_000 */
  readonly maxStates?: number;
  /** Told of each as it is done. */
  readonly onResult?: (result: PathResult) => void;
  /** Histories that were exported: of production, of tests. @default none */
  readonly recordings?: readonly RecordingText[];
  /** Workflows that recorded runs started as children. @default none */
  readonly children?: readonly (Workflow | WorkflowDefinition)[];
  /** `false`: recorded runs alone. @default true */
  readonly paths?: boolean;
}

/** @throws WorkflowError REQUEST_INVALID for a recording that cannot be read */
export async function testPaths(
  workflow: Workflow | WorkflowDefinition,
  options: TestPathsOptions = {},
): Promise<PathTests> {
  const { maxStates, onResult, recordings = [], children = [], paths = true, ...overrides } = options;
  const found = pathsOf(workflow, maxStates === undefined ? {} : { maxStates });
  const results = paths ? await runAll(found, overrides, onResult) : [];
  const passed = results.filter(({ status }) => status === 'passed').map(({ path }) => path);
  const byRuns = await recordedRuns(found, recordings, children);
  const { graph } = found;
  return {
    workflow: found.definition.name,
    results,
    replays: byRuns.map(({ replay }) => replay),
    coverage: coverageOf(graph, [seenBy(graph, passed), ...byRuns.map(({ seen }) => seen)]),
    recorded:
      recordings.length === 0
        ? null
        : coverageOf(
            graph,
            byRuns.map(({ seen }) => seen),
          ),
    bounds: graph.bounds,
    told: [...passed.flatMap(({ moves }) => eventsOfPath(moves)), ...byRuns.flatMap(({ told }) => told)],
  };
}

async function runAll(
  found: Paths,
  overrides: PathOverrides,
  onResult: TestPathsOptions['onResult'],
): Promise<readonly PathResult[]> {
  const results: PathResult[] = [];
  for (const path of found.paths) {
    const result = await runPath(found, path, overrides);
    onResult?.(result);
    results.push(result);
  }
  return results;
}

interface RecordedRuns {
  readonly replay: HistoryReplay;
  readonly seen: SeenChart;
  readonly told: readonly (readonly ToldEvent[])[];
}

async function recordedRuns(
  { definition }: Paths,
  recordings: readonly RecordingText[],
  children: readonly (Workflow | WorkflowDefinition)[],
): Promise<readonly RecordedRuns[]> {
  const found: RecordedRuns[] = [];
  for (const text of recordings) {
    const recording = await readRecording(text);
    const { runs, ...seen } = historyCoverage(definition, recording);
    if (runs.length === 0) continue;
    const replay = compareRecording([...children.map(toDefinition), definition], recording);
    found.push({ replay, seen, told: runs });
  }
  return found;
}
