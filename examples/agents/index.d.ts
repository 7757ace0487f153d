import type {
  AgentDefinition,
  Library,
  RunningAgent,
  RunningAgents,
  RunningServer,
  StartAllOptions,
  StartOptions,
} from './types.ts';

export type * from './types.ts';

/** The folder of sample documents beside these agents. */
export declare const sampleDocuments: string;
/** The project's own folder: its README and the rest of its documents. */
export declare const projectDocuments: string;
/** The names of all agents, in the order they are listed. */
export declare const agentNames: readonly string[];

/** Starts one agent as an HTTP server on 127.0.0.1. */
export declare function startAgent(definition: AgentDefinition, options?: StartOptions): Promise<RunningAgent>;

/** Starts the small local HTTP service that workflows post to. Every call needs `Authorization: Bearer <apiKey>`. */
export declare function startProcessService(
  options: StartOptions & { readonly apiKey: string },
): Promise<RunningServer>;

/** Reads the `.md` and `.txt` files of a folder. Throws when there is no such folder or no document in it. */
export declare function loadLibrary(folder: string): Promise<Library>;

/** The definitions of all agents, by name, working on the documents of `library`. */
export declare function createAgents(library: Library): Record<string, AgentDefinition>;

/** Starts the agents and the process service; when one fails, those already started are closed. */
export declare function startAll(options: StartAllOptions): Promise<RunningAgents>;
