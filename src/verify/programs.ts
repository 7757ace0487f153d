/** A run's program, and those of the rounds of its loops. */
import type { Program } from '../../machines/program.ts';

/** The whole run's program, and those of its loops. */
export function allPrograms(program: Program): readonly Program[] {
  return programsBelow(outermost(program));
}

/** A program and those of its loops. */
export function programsBelow(program: Program): readonly Program[] {
  return [program, ...[...program.bodies.values()].flatMap(programsBelow)];
}

/** The whole run's program. */
export function outermost(program: Program): Program {
  return program.loop === null ? program : outermost(program.loop.outer);
}
