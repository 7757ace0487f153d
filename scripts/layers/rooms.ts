/**
 * The rooms of the house and what each may import: the one table behind the layer check. Imports go down only:
 * cli > (public face) > project > testing > engine > inspect > verify, effects > agents > store > machines > definition > expressions > http > core.
 * Most rooms may import less than all that is below them.
 */

export interface Room {
  /** The other rooms it may import. */
  readonly imports: readonly string[];
  /** The only packages (and `node:` modules) it may import. @default every package not owned by another room */
  readonly packages?: readonly string[];
  /** Whether it may read the clock, chance, timers and the environment itself. @default false */
  readonly readsAmbient?: boolean;
}

const belowEngine = ['effects', 'agents', 'store', 'machines', 'definition', 'expressions', 'http', 'core'];

export const rooms: Readonly<Record<string, Room>> = {
  core: { imports: [], packages: ['xstate'] },
  http: { imports: ['core'] },
  expressions: { imports: ['core'], packages: ['filtrex', 'mustache'] },
  definition: {
    imports: ['expressions', 'core'],
    packages: ['ajv', 'ajv-formats', 'canonicalize', 'node:crypto', 'yaml', 'zod'],
  },
  machines: { imports: ['definition', 'expressions', 'core'], packages: ['xstate'] },
  store: { imports: ['core'] },
  agents: { imports: ['http', 'core'] },
  effects: { imports: ['agents', 'machines', 'definition', 'expressions', 'http', 'core'] },
  engine: { imports: ['inspect', 'verify', ...belowEngine] },
  /** Proofs and path tests over the machine alone: no engine. */
  verify: { imports: ['machines', 'definition', 'expressions', 'core'] },
  /** Drawings, and runs as XState's inspectors see them; the engine tells it of its runs. */
  inspect: { imports: ['verify', 'machines', 'definition', 'expressions', 'http', 'core'] },
  /** Test engine, virtual time, simulator; published as `dank-workflow/testing`. */
  testing: { imports: ['verify', 'engine', ...belowEngine] },
  project: { imports: ['engine', ...belowEngine], readsAmbient: true },
  /** `src/index.ts` and other faces beside it. */
  face: { imports: ['project', 'testing', 'inspect', 'verify', 'engine', ...belowEngine] },
  cli: {
    imports: ['face', 'project', 'testing', 'inspect', 'verify', 'engine', ...belowEngine],
    readsAmbient: true,
  },
};

/** Packages that one room wraps for all others. */
export const owners: Readonly<Record<string, string>> = { undici: 'http', 'node:sqlite': 'store' };

/** Readers of clock, chance, timers or environment in disguise: only for the files of {@link ambientFiles}. */
export const ambientPackages: readonly string[] = [
  'uuid',
  'node:process',
  'node:timers',
  'node:timers/promises',
  'node:perf_hooks',
];

export type Ambient = 'clock' | 'chance' | 'timers' | 'environment';

/** The default ports, and the places whose options default to `process.env`. */
export const ambientFiles: Readonly<Record<string, readonly Ambient[]>> = {
  'src/engine/default-ports.ts': ['clock', 'chance', 'timers', 'environment'],
  'src/http/default-clock.ts': ['clock', 'timers'],
  'src/testing/turn.ts': ['timers'],
  'src/testing/record-runs.ts': ['environment'],
  'src/engine/create-engine.ts': ['environment'],
  'src/effects/actors.ts': ['environment'],
  'machines/plain-run.ts': ['clock', 'chance'],
};

/** The room of a path such as `src/http/client.ts`, null outside of all rooms. */
export function roomOf(path: string): string | null {
  const [top, second, third] = path.split('/');
  if (top === 'machines') return 'machines';
  if (top !== 'src' || second === undefined) return null;
  return third === undefined ? 'face' : second;
}
