/** The kernel of a compiled workflow: its machine, with what its guards keep of the values that reach it. */
import { createKernel, type Kernel } from '../src/core/advance.ts';
import type { CompiledWorkflow } from './compiled-workflow.ts';
import type { OuterRun } from './context.ts';
import { restoreState } from './persist.ts';
import type { Program } from './program.ts';
import { keptOfValue } from './record.ts';

const kernels = new WeakMap<CompiledWorkflow, Kernel>();

/** The kernel of a compiled workflow or loop body; made once. */
export function kernelOf(compiled: CompiledWorkflow): Kernel {
  let kernel = kernels.get(compiled);
  if (kernel === undefined) {
    const restore: Kernel['restore'] = (text, seq, outer) =>
      restoreState(kernelOf(compiled), compiled.program, text, seq, outer as OuterRun | null);
    kernel = createKernel(compiled.machine, { ...keepingOf(compiled.program), restore });
    kernels.set(compiled, kernel);
  }
  return kernel;
}

/** What guards read of the answers of effects, of signals and of the input, from the whole values. */
function keepingOf(program: Program): Pick<Kernel, 'keep' | 'keepSignal' | 'keepInput'> {
  return {
    keep: (effect, output, metadata) => {
      // `<step>` or `<step>.<kind>`: handlers and `onError` put another output in place of the work's.
      const index = program.byId.get(effect.split('.')[0] ?? '');
      const kept = index === undefined ? undefined : program.steps[index]?.kept;
      return kept === undefined || kept.size === 0 ? undefined : keptOfValue(kept, { output, metadata });
    },
    keepSignal: (name, payload) => {
      const kept = new Map<string, readonly string[]>();
      for (const info of program.steps) {
        if (info.step.type === 'signal' && info.step.name === name)
          for (const [key, path] of info.kept) kept.set(key, path);
      }
      return kept.size === 0 ? undefined : keptOfValue(kept, { output: payload });
    },
    keepInput: (input) => {
      if (program.loop !== null || program.keptInput.size === 0) return undefined;
      return keptOfValue(program.keptInput, input as object);
    },
  };
}
