/** For limits on what a computation may cost, which must hold beside a busy machine. */

/** Starts it; gives the milliseconds of processor time that this process has used since: waiting for a processor is none. */
export function cpuTimer(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}
