/** What each step of a run, of its rounds and children did, in order; whatever happened beside it. */
import type { RecordedRun, Recording } from './recording.ts';
import { Replays } from './replay.ts';
import { toldText } from './told.ts';

/** By step, as `publish` or `publish of run a/each:1/0`. */
export function stepStories(
  recording: Recording,
  tree: readonly RecordedRun[],
): ReadonlyMap<string, readonly string[]> {
  const replays = new Replays(recording, ({ row }, hash) => recording.definitionOf(row, hash));
  const stories = new Map<string, string[]>();
  for (const run of tree) {
    for (const { told } of replays.replay(run)) {
      for (const event of told) {
        // That work was accepted is between the agent and the engine.
        if (!('step' in event) || event.type === 'step.accepted') continue;
        const key = run.row.kind === 'run' ? event.step : `${event.step} of run ${run.row.id}`;
        const story = stories.get(key) ?? [];
        story.push(toldText(event).slice(event.step.length + 1));
        stories.set(key, story);
      }
    }
  }
  return stories;
}
