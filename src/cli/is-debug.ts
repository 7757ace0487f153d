/** `DANK_DEBUG=1`: errors tell where they come from. */
import type { Io } from './io.ts';

export function isDebug({ env }: Io): boolean {
  return !['', '0', undefined].includes(env['DANK_DEBUG']);
}
