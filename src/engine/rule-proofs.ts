/**
 * Refuses workflows whose rules do not hold. That is found out before the first run, once for a store: what was proven is kept in
 * its cache, by the workflow's hash and its rules. Workflows without rules cost nothing, and load nothing.
 */
import { DefinitionError, WorkflowError } from '../core/errors.ts';
import type { Issue } from '../core/issue.ts';
import type { Clock, Logger, Store } from '../core/ports.ts';
import type { Rule, WorkflowDefinition } from '../definition/definition.ts';
import { hashInput } from './runs/start.ts';

export interface RuleProofsOptions {
  readonly store: Pick<Store, 'claimCached' | 'putCached' | 'releaseCached'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  /** `'off'`: rules are not looked at. */
  readonly verify: 'rules' | 'off';
}

/** After so long it is proven anew. */
const keepMs = 90 * 86_400_000;

/** Of definitions that other engines of this process proved: tests make many. */
const provenHere = new WeakSet<WorkflowDefinition>();

export class RuleProofs {
  readonly #options: RuleProofsOptions;

  constructor(options: RuleProofsOptions) {
    this.#options = options;
  }

  /** @throws DefinitionError with every rule of theirs that does not hold, and the shortest path that breaks it */
  async prove(definitions: readonly WorkflowDefinition[]): Promise<void> {
    const open = this.open(definitions);
    if (open.length === 0) return;
    const issues: Issue[] = [];
    for (const definition of open) issues.push(...(await this.#issuesOf(definition)));
    if (issues.length === 0) return;
    throw new DefinitionError(
      open.length === 1 ? `Workflow '${open[0]?.name ?? ''}'` : 'The list of workflows',
      issues,
    );
  }

  /** Those with rules that were not proven in this process. */
  open(definitions: readonly WorkflowDefinition[]): readonly WorkflowDefinition[] {
    if (this.#options.verify === 'off') return [];
    return definitions.filter((each) => each.rules.length > 0 && !provenHere.has(each));
  }

  async #issuesOf(definition: WorkflowDefinition): Promise<readonly Issue[]> {
    const { proofFormat, proveRules } = await import('../verify/prove-rules.ts');
    const key = `rules ${proofFormat} ${definition.hash} ${hashInput(definition.rules.map(plain))}`;
    if (this.#isProven(key)) {
      provenHere.add(definition);
      return [];
    }
    const { broken, bounds } = proveRules(definition);
    if (broken.length > 0) {
      this.#try(() => {
        this.#options.store.releaseCached(key);
      });
      return ruleIssues(definition.name, broken);
    }
    if (bounds.length > 0)
      this.#options.logger.warn('no rule is broken as far as was looked, and not every path was looked at', {
        workflow: definition.name,
        bounds: bounds.map(({ what }) => what),
      });
    provenHere.add(definition);
    this.#try(() => {
      this.#options.store.putCached(key, JSON.stringify({ complete: bounds.length === 0 }), this.#now() + keepMs);
    });
    return [];
  }

  #isProven(key: string): boolean {
    const claim = this.#try(() => this.#options.store.claimCached(key, this.#now()));
    return claim !== null && typeof claim === 'object';
  }

  /** The proof stands without the store; one that is busy makes that it is found again. */
  #try<T>(ask: () => T): T | null {
    try {
      return ask();
    } catch (error) {
      if (!(error instanceof WorkflowError)) throw error;
      this.#options.logger.warn('what was proven of rules is not kept', { error: error.message });
      return null;
    }
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

/** What breaks rules, as mistakes of a definition. */
export function ruleIssues(
  workflow: string,
  broken: readonly { readonly path: string; readonly message: string; readonly way: readonly string[] }[],
): readonly Issue[] {
  return broken.map(({ path, message, way }) => ({
    code: 'RULE_BROKEN',
    path,
    message,
    received: `the path: ${way.join(' > ')}`,
    hint: `mend the workflow or the rule: 'dank-workflow verify ${workflow}' tells what holds; verify: 'off' (--no-verify) runs it all the same`,
  }));
}

function plain({ kind, first, second, times }: Rule): unknown {
  const subjects = [first, second].map((each) =>
    each.map(({ steps, outcome }) => ({ steps: [...steps].toSorted(), outcome })),
  );
  return { kind, subjects, times };
}
