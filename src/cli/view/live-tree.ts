/** The tree of a run on a terminal, drawn again as the run goes on; at the end it is printed once, whole. */
import type { Io } from '../io.ts';
import { Frame } from './frame.ts';
import type { RunModel, StepState } from './run-model.ts';
import { renderTree, type Title } from './tree.ts';

export interface LiveTreeOptions {
  readonly title: Title;
  /** How far an items loop is; asked about twice a second while it runs. */
  readonly rounds?: (step: string, visit: number) => StepState['rounds'];
}

/** About 12 frames a second. */
const frameMs = 80;
const roundsMs = 500;

export class LiveTree {
  readonly #io: Io;
  readonly #model: RunModel;
  readonly #options: LiveTreeOptions;
  readonly #frame: Frame;
  #cleanup: (() => void)[] = [];
  #count = 0;
  #roundsAt = 0;

  constructor(io: Io, model: RunModel, options: LiveTreeOptions) {
    this.#io = io;
    this.#model = model;
    this.#options = options;
    this.#frame = new Frame({ write: io.err, columns: () => io.stderr.columns() });
  }

  start(): void {
    this.#cleanup = [this.#io.onForeignOutput(() => this.#frame.erase()), this.#io.onExit(() => this.#frame.end())];
    let cancel: () => void = () => undefined;
    const tick = (): void => {
      this.#draw();
      cancel = this.#io.clock.schedule(tick, frameMs);
    };
    tick();
    this.#cleanup.push(() => cancel());
  }

  /** Stops drawing and prints the whole tree. */
  stop(): void {
    if (this.#cleanup.length === 0) return;
    this.#askForRounds();
    this.#frame.erase();
    for (const each of this.#cleanup.splice(0)) each();
    this.#frame.end();
    this.#io.err(`${this.#lines(null).join('\n')}\n`);
  }

  #draw(): void {
    this.#count += 1;
    if (this.#io.clock.now() - this.#roundsAt >= roundsMs) this.#askForRounds();
    this.#frame.draw(this.#lines(this.#io.stderr.rows() - 1));
  }

  #lines(rows: number | null): readonly string[] {
    const { title } = this.#options;
    return renderTree(this.#model, {
      title,
      style: this.#io.errStyle,
      now: this.#io.clock.now(),
      columns: this.#io.stderr.columns(),
      rows,
      frame: this.#count,
    });
  }

  #askForRounds(): void {
    this.#roundsAt = this.#io.clock.now();
    const { rounds } = this.#options;
    if (rounds === undefined) return;
    for (const { id, isItemsLoop } of this.#model.outline.nodes.values()) {
      const { status, visit } = this.#model.step(id);
      if (isItemsLoop && status !== 'pending' && status !== 'skipped') this.#model.setRounds(id, rounds(id, visit));
    }
  }
}
