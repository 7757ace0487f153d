/**
 * The invariants, judged when all is over: each run's history is replayed, and held against what was committed, called, answered,
 * said and told. Owns what must hold; what was seen is the journal's.
 */
import { Catalog } from '../../engine/runs/catalog.ts';
import { runReport } from '../../engine/read/report.ts';
import { Values } from '../../engine/dispatch/values.ts';
import { MemoryStore, type MemoryDatabase } from '../../store/memory.ts';
import { anyAgents } from '../any-agents.ts';
import type { Journal } from './journal.ts';
import { checkCalls, checkCompletions } from './judge-calls.ts';
import { checkCommands } from './judge-commands.ts';
import { checkCheckpoints, judgeHistory } from './judge-history.ts';
import { checkLateness } from './judge-lateness.ts';
import { checkSagas } from './judge-sagas.ts';
import { checkSteering } from './judge-steering.ts';
import type { SimulationPlan } from './plan.ts';
import type { Timeline } from './timeline.ts';
import { tell, type Told } from './told.ts';

/** `timeline`: null when nothing is known of it, as of a history that was made elsewhere. */
export function judge(
  journal: Journal,
  database: MemoryDatabase,
  plan: SimulationPlan,
  timeline: Timeline | null = null,
): void {
  const store = new MemoryStore(database);
  const loading = { store, catalog: new Catalog(plan.workflows, anyAgents, store) };
  const runs = new Map<string, Told>();
  for (const id of journal.runs) {
    const told = tell(journal, loading, id);
    if (told === null) continue;
    runs.set(id, told);
    judgeHistory(journal, store, told);
  }
  checkCheckpoints(journal, runs);
  checkCalls(journal, runs);
  checkCompletions(journal, runs);
  checkCommands(journal, database, runs);
  checkSteering(journal, runs);
  checkSagas(journal, runs);
  checkStreams(journal, runs);
  if (timeline !== null) checkLateness(journal, timeline, runs);
  checkOutputs(journal, store, runs, plan);
}

/** What was told is what the history tells, from the beginning on. */
function checkStreams(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  // Who listened may have heard what a crash has forgotten.
  for (const { run, told } of journal.isForgetful ? [] : journal.streams) {
    const expected = runs.get(run)?.lifecycle ?? [];
    for (const [index, event] of told.entries()) {
      const other = expected[index];
      if (!('seq' in event)) continue;
      if (other?.event.type === event.type && other.seq === event.seq) continue;
      journal.violate(
        'I5',
        `run '${run}': ${event.type} of event ${event.seq} was told, the history tells ${other?.event.type ?? 'nothing'}`,
      );
      break;
    }
  }
}

/** What runs gave is what the plan says they give, and what is told of it is what is stored. */
function checkOutputs(
  journal: Journal,
  store: MemoryStore,
  runs: ReadonlyMap<string, Told>,
  plan: SimulationPlan,
): void {
  const values = new Values(store);
  for (const id of journal.runs) {
    const row = store.readRun(id);
    if (row === null || row.kind === 'round') continue;
    const report = runReport(row, values);
    if (report.status !== 'completed') continue;
    // Who gives outputs or state by hand, or passes over what was to be done, gets what he asked for.
    const isBent = [...runs.values()].some(
      (told) => (told.id === id || told.id.startsWith(`${id}/`)) && isBentBy(told),
    );
    const { workflow, output } = report;
    const wrong = isBent ? null : (plan.expect?.({ workflow, output }) ?? null);
    if (wrong !== null) journal.violate('I14', `run '${id}' (${report.workflow}): ${wrong}`);
    const told = journal.outputs.get(id);
    if (told !== undefined && told !== JSON.stringify(report.output))
      journal.violate(
        'I14',
        `the output of run '${id}' was told as ${told.slice(0, 200)}, and is ${JSON.stringify(report.output).slice(0, 200)}`,
      );
  }
}

const bending: ReadonlySet<string> = new Set(['skip', 'complete', 'edit', 'fork', 'rerun']);

function isBentBy({ events }: Told): boolean {
  return events.some(({ event }) => event.type === 'run.rebased' && bending.has(event.kind));
}
