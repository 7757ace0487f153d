/** The shapes that the demo agents share. Types only: nothing here exists at run time. */

/** One call of an agent, as its `prompt` function or one of its routes sees it. */
export interface AgentRequest {
  /** The prompt text; '' in a route that was called without one. */
  readonly prompt: string;
  /** Every other field of the JSON body (and, in a route, of the query string). */
  readonly params: Readonly<Record<string, unknown>>;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a small agent is: a name and the work it does. */
export interface AgentDefinition {
  readonly name: string;
  /** One line for tables and for `GET /status`. */
  readonly description: string;
  /** Answers `POST /prompt`; an object is sent as JSON text. Without it prompting is disabled (404). */
  readonly prompt?: (request: AgentRequest) => string | object | Promise<string | object>;
  /** More routes by method and path, such as `'POST /api/publish'`; the returned object is the JSON answer. */
  readonly routes?: Readonly<Record<string, (request: AgentRequest) => object | Promise<object>>>;
}

export interface StartOptions {
  /** TCP port on 127.0.0.1; 0 takes a free one. @default 0 */
  readonly port?: number;
  /** Milliseconds to wait before each answer, to watch a workflow at work. @default 0 */
  readonly delayMs?: number;
  /** How many of the latest requests are kept in `requests`. @default 1000 */
  readonly keepRequests?: number;
}

/** A request as it was received. Headers may hold secrets: `GET /logs` never shows them. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON body; undefined without one. */
  readonly body: unknown;
  /** When it came in, in milliseconds since 1970. */
  readonly at: number;
}

export interface RunningServer {
  readonly name: string;
  /** Such as `http://127.0.0.1:41234`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** The latest requests, oldest first; the same array is added to as they come in. */
  readonly requests: readonly LoggedRequest[];
  /** Stops listening and drops every open connection; safe to call twice. */
  close(): Promise<void>;
}

export interface RunningAgent extends RunningServer {
  readonly description: string;
}

/** A paragraph of a document: the unit that is searched. */
export interface Passage {
  /** The file's path inside the folder, with `/`. */
  readonly file: string;
  /** The nearest heading above; '' without one. */
  readonly heading: string;
  readonly text: string;
}

export interface RankedPassage extends Passage {
  readonly score: number;
}

/** A folder of documents, read once and indexed for search. */
export interface Library {
  readonly folder: string;
  readonly files: readonly string[];
  readonly passages: readonly Passage[];
  /** The passages that fit the query best, best first; ties keep the order of the documents. */
  search(query: string, limit?: number): RankedPassage[];
}

/** A fault that the grammar checks found. */
export interface GrammarIssue {
  readonly code: 'double-space' | 'repeated-word' | 'sentence-start' | 'unmatched-bracket' | 'long-sentence';
  readonly message: string;
  readonly excerpt: string;
}

export interface StartAllOptions extends Pick<StartOptions, 'delayMs' | 'keepRequests'> {
  /** Folder that the agents search. */
  readonly documents: string;
  /** Start only these. Throws on a name that does not exist. @default all */
  readonly names?: readonly string[];
  /** Port of the process service; each agent has the one after its predecessor in `agentNames`. 0: free ones. @default 0 */
  readonly firstPort?: number;
  /** Key of the process service. @default 'demo-key' */
  readonly apiKey?: string;
}

export interface RunningAgents {
  readonly agents: Readonly<Record<string, RunningAgent>>;
  readonly service: RunningServer;
  readonly library: Library;
  close(): Promise<void>;
}
