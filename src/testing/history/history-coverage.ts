/** What recorded runs have seen of a workflow as it is now: states and transitions of its chart, and what they told. */
import type { WorkflowDefinition } from '../../definition/index.ts';
import type { RunEvent } from '../../engine/read/run-events.ts';
import { kernelOf } from '../../../machines/kernel-of.ts';
import { compileWorkflow } from '../../../machines/workflow.ts';
import { ChartWatch, leavesOf, transitionKey } from '../../verify/chart-watch.ts';
import type { SeenChart } from '../../verify/coverage.ts';
import type { Recording } from './recording.ts';
import { Replays } from './replay.ts';

export interface HistoryCoverage extends SeenChart {
  /** Of each run, and of each round of its loops. */
  readonly runs: readonly (readonly RunEvent[])[];
}

/** Runs that do not go as they went are followed as far as they go. */
export function historyCoverage(definition: WorkflowDefinition, recording: Recording): HistoryCoverage {
  const states = new Set<string>();
  const runs: RunEvent[][] = [];
  const replays = new Replays(recording, ({ row }) => (row.workflow === definition.name ? definition : null));
  const watch = new ChartWatch(compileWorkflow(definition), kernelOf);
  try {
    for (const run of recording.runs) {
      if (run.row.workflow !== definition.name) continue;
      const events: RunEvent[] = [];
      runs.push(events);
      follow(() => {
        for (const { told, state } of replays.replay(run)) {
          events.push(...told);
          for (const id of leavesOf(state)) states.add(id);
        }
      });
    }
    const taken = new Set(watch.take());
    const transitions = watch.transitions.filter(({ id }) => taken.has(id)).map(transitionKey);
    return { states, transitions: new Set(transitions), runs };
  } finally {
    watch.stop();
  }
}

/** What does not fit any more is told by `replayHistory`. */
function follow(replay: () => void): void {
  try {
    replay();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}
