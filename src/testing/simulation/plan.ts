/** What a simulation is about: the workflows, what is started, and what a good world says to them. */
import type { WorkflowDefinition } from '../../definition/index.ts';
import type { MigrateOptions } from '../../engine/steer/migrations.ts';
import type { Task } from '../../engine/read/tasks.ts';
import type { Asked } from './outside.ts';
import type { World } from './world.ts';

/** What a good world decides by: the seed's own chance. */
export type Chance = Pick<World, 'below' | 'chance' | 'pick'>;

export interface SimulationPlan {
  readonly workflows: readonly WorkflowDefinition[];
  /** What may be started, each under an id of its own. */
  readonly starts: readonly { readonly workflow: string; readonly input: unknown }[];
  /** What an agent says, or a service answers. */
  answer(asked: Asked, chance: Chance): unknown;
  /** How a person answers. */
  fillIn(task: Task, chance: Chance): unknown;
  /** Versions that runs may be moved to. @default none */
  readonly migrations?: readonly Pick<MigrateOptions, 'workflow' | 'from' | 'to' | 'steps'>[];
  /** What is wrong with the output of a run that completed; null: nothing. */
  expect?(ended: { readonly workflow: string; readonly output: unknown }): string | null;
  /** Signals that somebody may wait for. */
  readonly signals: readonly { readonly name: string; payload(chance: Chance): unknown }[];
}
