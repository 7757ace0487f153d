/** `break <runId> [step]`: breakpoints of a run, at which it pauses itself. */
import type { BreakFlags } from '../flags.ts';
import { exitCodes } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { steer, withRun } from '../steer.ts';

export async function breakAt(io: Io, run: string, step: string | undefined, flags: BreakFlags): Promise<number> {
  if (step === undefined) return list(io, run, flags);
  const breakpoint = { step, when: flags.after === true ? ('after' as const) : ('before' as const) };
  return steer(io, flags, {
    run,
    what: `that there is ${flags.remove === true ? 'no ' : 'a '}breakpoint ${breakpoint.when} step '${step}'`,
    tell: (engine) =>
      flags.remove === true
        ? engine.removeBreakpoint(run, breakpoint, reasonOf(io, flags))
        : engine.setBreakpoint(run, breakpoint, reasonOf(io, flags)),
  });
}

function list(io: Io, run: string, flags: BreakFlags): Promise<number> {
  return withRun(io, run, flags, ({ engine }) => {
    const breakpoints = engine.breakpoints(run);
    if (flags.json === true) io.out(`${JSON.stringify(breakpoints)}\n`);
    else for (const { step, when } of breakpoints) io.out(`${when} ${step}\n`);
    return Promise.resolve(exitCodes.ok);
  });
}
