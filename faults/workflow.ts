/** What the processes under fault run: steps of every kind that call, wait for the world, or undo what was done. */
import type { parseDefinition, WorkflowDefinition } from 'dank-workflow';

/** How long the waits last, and how long a person has who may let it go by. */
const waitMs = 30;
const napMs = 10;
const personMs = 300;
export const items: readonly string[] = ['i', 'j', 'k'];
/** How often the step `tick` is visited. */
export const ticks = 3;
/** The path of the call that is refused for good. */
export const refusedPath = '/card';
/** The path of the call whose work is accepted, and done later. */
export const laterPath = '/later';

type Data = Readonly<Record<string, unknown>>;

export type Kind = 'work' | 'trip' | 'race';

/** By the id of the run: `trip-...`, `race-...`, all others are `work`. */
export function kindOf(run: string): Kind {
  return run.startsWith('trip-') ? 'trip' : run.startsWith('race-') ? 'race' : 'work';
}

const input = { type: 'object', properties: { run: { type: 'string' } }, required: ['run'] };
const runInput = { run: '{{workflow.input.run}}' };

/** Calls of the receiver at that address: the host of a call stands in the definition. */
function callsOf(receiver: string) {
  const request = (id: string, more: Data): Data => ({
    type: 'http',
    method: 'POST',
    url: `${receiver}/${id}`,
    body: { step: id, ...runInput, ...more },
    timeout: '10m',
    retry: { maxAttempts: 50, delay: 15 },
  });
  const call = (id: string, more: Data = {}): Data => ({ id, ...request(id, more) });
  const undo = (id: string): Data => ({ compensate: request(`${id}-compensate`, { n: `{{steps.${id}.output.n}}` }) });
  return { call, undo, undone: (id: string, more: Data = {}): Data => ({ ...call(id, more), ...undo(id) }) };
}

/** @param parse `parseDefinition` of the package, or of sources with a bug in them */
export function workflowsFor(receiver: string, parse: typeof parseDefinition): readonly WorkflowDefinition[] {
  const { call, undo, undone } = callsOf(receiver);
  const loop = (body: Data): Data => ({ type: 'loop', items, as: 'item', parallel: 2, steps: [body] });
  const child = { name: 'child', input, steps: [undone('inner')], output: '{{steps.inner.output}}' };

  /** Waits for a timer, a signal and a person. Ends well, or is cancelled: then what it did is undone. */
  const work = {
    name: 'work',
    input,
    steps: [
      undone('first'),
      { id: 'both', type: 'parallel', steps: [undone('left'), call('right')] },
      { id: 'rounds', ...loop(undone('each', { item: '{{item}}' })) },
      { id: 'pause', type: 'wait', duration: waitMs },
      { id: 'go', type: 'signal', name: 'go' },
      { id: 'ok', type: 'human', message: 'go on?' },
      { id: 'sub', type: 'workflow', workflow: 'child', input: runInput, ...undo('sub') },
      call('last', { first: '{{steps.first.output.n}}' }),
    ],
    output: {
      first: '{{steps.first.output}}',
      both: '{{steps.both.output}}',
      rounds: '{{steps.rounds.output}}',
      sub: '{{steps.sub.output}}',
      last: '{{steps.last.output}}',
    },
  };

  /** A saga: the card is refused, and all is undone, from the last to the first. */
  const trip = {
    name: 'trip',
    input,
    steps: [
      undone('flight'),
      { id: 'nights', ...loop(undone('night', { item: '{{item}}' })) },
      { id: 'stay', type: 'workflow', workflow: 'child', input: runInput, ...undo('stay') },
      undone('car'),
      call(refusedPath.slice(1)),
    ],
    onFailure: [call('report', { why: '{{workflow.error.code}}' })],
  };

  /** A loop of visits, a call that is accepted and done later, a person who may be late, a child that nobody waits for. */
  const race = {
    name: 'race',
    input,
    state: { n: 0 },
    steps: [
      {
        id: 'laps',
        type: 'loop',
        while: `{{state.n}} < ${ticks}`,
        steps: [
          { ...call('tick'), assign: { n: { expr: '{{state.n}} + 1' } } },
          { id: 'nap', type: 'wait', duration: napMs },
        ],
      },
      { ...call(laterPath.slice(1)), timeout: undefined, callback: true },
      { id: 'ok', type: 'human', message: 'go on?', timeout: personMs, onTimeout: 'approve' },
      { id: 'aside', type: 'workflow', workflow: 'child', mode: 'detach', input: runInput },
      call('close', { n: '{{state.n}}' }),
    ],
    output: {
      n: '{{state.n}}',
      later: '{{steps.later.output}}',
      decision: '{{steps.ok.output.decision}}',
      close: '{{steps.close.output}}',
    },
  };
  return [child, work, trip, race].map((data) => {
    const { definition, issues } = parse(JSON.parse(JSON.stringify(data)));
    if (definition === undefined) throw new Error(JSON.stringify(issues));
    return definition;
  });
}
