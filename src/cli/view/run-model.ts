/** What a view knows of a run: the state of each step, kept up to date by the run's events. No output, no clock. */
import type { ErrorData } from '../../core/errors.ts';
import type { RunStatus, StepStatus } from '../../core/run.ts';
import type { RunEvent, StepChunk, StepQueued } from '../../engine/read/run-events.ts';
import type { Outline, OutlineNode } from './outline.ts';

export interface StepState {
  status: StepStatus;
  visit: number;
  attempt: number;
  startedAt: number | null;
  endedAt: number | null;
  /** Of a step that waits for its next attempt. */
  retryAt: number | null;
  error: ErrorData | null;
  branch: string | null;
  /** Why it was skipped. */
  why: string | null;
  /** The end of what the answer under way has brought so far. */
  tail: string;
  /** It waits for a person. */
  isTask: boolean;
  /** The other side works on it, and says when it is done. */
  isAccepted: boolean;
  /** It waits for a limit. */
  queue: StepQueued['queue'];
  /** What it did is being undone, or was. */
  compensation: 'compensating' | 'compensated' | 'not compensated' | null;
  /** Rounds of an items loop: how many ended, how many are under way. */
  rounds: { readonly ended: number; readonly running: number } | null;
}

type StepChange = Extract<
  RunEvent,
  {
    readonly type: `step.${'started' | 'retrying' | 'completed' | 'failed' | 'skipped' | 'cancelled'}`;
    readonly at: number;
  }
>;

/** More of a streamed answer is not kept. */
const tailLength = 400;

export class RunModel {
  readonly outline: Outline;
  status: RunStatus = 'pending';
  startedAt: number | null = null;
  endedAt: number | null = null;
  error: ErrorData | null = null;
  /** Rises with every change that shows. */
  version = 0;
  readonly #steps = new Map<string, StepState>();

  constructor(outline: Outline) {
    this.outline = outline;
  }

  step(id: string): StepState {
    let state = this.#steps.get(id);
    if (state === undefined) this.#steps.set(id, (state = freshState()));
    return state;
  }

  apply(event: RunEvent): void {
    this.version += 1;
    switch (event.type) {
      case 'step.chunk':
        this.#chunk(event);
        break;
      case 'step.queued':
        this.#queued(event);
        break;
      case 'run.started':
        this.status = 'running';
        this.startedAt = event.at;
        break;
      case 'run.completed':
      case 'run.failed':
      case 'run.cancelled':
        this.status = event.type.slice('run.'.length) as RunStatus;
        this.endedAt = event.at;
        this.#notCompensated();
        if (event.type === 'run.failed') this.error = event.error;
        break;
      case 'run.paused':
        this.status = 'paused';
        break;
      case 'run.resumed':
        this.status = 'running';
        break;
      case 'run.rebased':
        this.status = 'running';
        this.endedAt = null;
        this.error = null;
        break;
      case 'run.compensating':
      case 'function.changed':
        break;
      case 'run.compensated':
        this.#notCompensated();
        break;
      case 'step.compensating':
        this.#notCompensated();
        this.step(event.step).compensation = 'compensating';
        break;
      case 'step.compensated':
        this.step(event.step).compensation = 'compensated';
        break;
      case 'task.opened':
        this.step(event.step).isTask = true;
        break;
      case 'step.accepted':
        this.step(event.step).isAccepted = true;
        break;
      case 'step.started':
      case 'step.retrying':
      case 'step.completed':
      case 'step.failed':
      case 'step.skipped':
      case 'step.cancelled':
        this.#stepEvent(event);
    }
  }

  setRounds(id: string, rounds: StepState['rounds']): void {
    this.step(id).rounds = rounds;
    this.version += 1;
  }

  #queued({ step, attempt, queue }: StepQueued): void {
    const state = this.step(step);
    if (state.status === 'running' && state.attempt === attempt) state.queue = queue;
  }

  /** One is undone after another: whoever is left behind could not be. */
  #notCompensated(): void {
    for (const state of this.#steps.values())
      if (state.compensation === 'compensating') state.compensation = 'not compensated';
  }

  #chunk({ step, attempt, text }: StepChunk): void {
    const state = this.step(step);
    if (state.status === 'running' && state.attempt === attempt) state.tail = (state.tail + text).slice(-tailLength);
  }

  #stepEvent(event: StepChange): void {
    const node = this.outline.nodes.get(event.step);
    const { visit } = this.step(event.step);
    if (event.visit > visit && visit > 0 && node !== undefined) this.#startOver(node);
    const state = this.step(event.step);
    state.visit = event.visit;
    if ('attempt' in event) state.attempt = event.attempt;
    state.tail = '';
    state.isTask = false;
    state.queue = null;
    state.isAccepted = false;
    state.retryAt = null;
    switch (event.type) {
      case 'step.started':
        if (state.status !== 'backoff') state.startedAt = event.at;
        state.status = 'running';
        state.endedAt = null;
        return;
      case 'step.retrying':
        state.status = 'backoff';
        state.error = event.error;
        state.retryAt = event.at + event.delayMs;
        return;
      case 'step.completed':
        state.error = null;
        state.branch = event.branch ?? null;
        break;
      case 'step.failed':
        state.error = event.error;
        break;
      case 'step.skipped':
        state.why = event.why;
        break;
      case 'step.cancelled':
    }
    state.status = event.type.slice('step.'.length) as StepStatus;
    state.endedAt = event.at;
  }

  /** A jump back, or the next round of an inline loop: this step, what it holds and what follows it begin anew. */
  #startOver(node: OutlineNode): void {
    this.#reset(node.id);
    for (const id of node.sequence?.slice(node.place + 1) ?? []) this.#reset(id);
  }

  #reset(id: string): void {
    const { visit } = this.step(id);
    this.#steps.set(id, { ...freshState(), visit });
    for (const child of this.outline.nodes.get(id)?.children ?? []) this.#reset(child);
  }
}

function freshState(): StepState {
  return {
    status: 'pending',
    visit: 0,
    attempt: 0,
    startedAt: null,
    endedAt: null,
    retryAt: null,
    error: null,
    branch: null,
    why: null,
    tail: '',
    isTask: false,
    queue: null,
    isAccepted: false,
    compensation: null,
    rounds: null,
  };
}
