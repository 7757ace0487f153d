/** `query <run>`: where a run is, what it waits for, and what could happen next. Reads the store only. */
import { createAgentRegistry } from '../../agents/registry.ts';
import { Catalog } from '../../engine/runs/catalog.ts';
import { loadRun } from '../../engine/runs/load.ts';
import { queryRun, type RunQuery, type Wait } from '../../engine/read/query.ts';
import { Values } from '../../engine/dispatch/values.ts';
import { exitCodes } from '../exit-code.ts';
import { findRun } from '../find-run.ts';
import type { LookFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { dateAndTime, inline } from '../view/format.ts';
import { tableLines } from '../view/table.ts';

export async function query(io: Io, wanted: string, flags: LookFlags): Promise<number> {
  const { store, row } = await findRun(io, wanted, flags);
  try {
    const { compiled, state } = loadRun({ store, catalog: new Catalog([], createAgentRegistry(), store) }, row.id);
    const told = queryRun({
      id: row.id,
      program: compiled.program,
      state,
      loader: new Values(store),
      timeOf: (seq) => store.readEvent(row.id, seq)?.at ?? null,
    });
    if (flags.json === true) io.out(`${JSON.stringify(told, null, 2)}\n`);
    else tellPeople(io, told);
    return exitCodes.ok;
  } finally {
    store.close();
  }
}

function tellPeople(io: Io, told: RunQuery): void {
  const { outStyle: style } = io;
  const print = (heads: readonly string[], rows: readonly (readonly string[])[]): void => {
    const columns = io.stdout.isTTY ? io.stdout.columns() : null;
    for (const line of tableLines(heads, rows, style, columns)) io.out(`${line}\n`);
  };
  io.out(`${style.bold(told.workflow)} ${style.dim(`version ${told.version}  run ${told.runId}`)}  ${told.status}\n`);
  for (const [name, value] of [
    ['input', told.input],
    ['state', told.state],
    ['vars', told.vars],
  ] as const)
    io.out(`${style.dim(name)} ${inline(value)}\n`);
  if (told.pause !== null)
    io.out(
      `${style.yellow('paused')} ${[told.pause.by, told.pause.why].filter((text) => text !== undefined).join(': ')}\n`,
    );
  if (told.breakpoints.length > 0)
    io.out(`${style.dim('breakpoints')} ${told.breakpoints.map(({ step, when }) => `${when} ${step}`).join(', ')}\n`);
  if (told.waitingFor.length > 0) print(['waits for', 'step', 'id', 'since', 'until'], told.waitingFor.map(waitCells));
  const begun = told.steps.filter(({ visit }) => visit > 0);
  if (begun.length > 0)
    print(
      ['step', 'status', 'visit', 'attempt'],
      begun.map(({ id, status, visit, attempt }) => [id, status, String(visit), String(attempt)]),
    );
  if (told.next.length > 0)
    print(
      ['can happen', 'what', 'step'],
      told.next.map(({ type, id, step }) => [type, id, step ?? '']),
    );
}

function waitCells({ for: what, step, id, since, until }: Wait): readonly string[] {
  const time = (at: number | null): string => (at === null ? '' : dateAndTime(at));
  return [what, step ?? '', id, time(since), time(until)];
}
