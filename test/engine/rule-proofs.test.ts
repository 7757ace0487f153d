/** Workflows whose rules do not hold are refused before they run. */
import { describe, expect, test } from 'vitest';
import { DefinitionError, WorkflowError } from '../../src/core/errors.ts';
import type { Logger, Store } from '../../src/core/ports.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { openMemoryStore } from '../../src/store/memory.ts';
import { flow, type LooseStep } from '../support/flow.ts';

const said: string[] = [];
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, details) => void said.push(`${message} ${JSON.stringify(details)}`),
  error: (message) => void said.push(message),
};

const approve: LooseStep = { id: 'approve', type: 'human', title: 'Publish?' };

function publishing(isGated: boolean, rules: readonly unknown[] = [{ precedes: [approved, 'publish'] }]) {
  const condition = isGated ? { condition: '{{steps.approve.output.decision}} === "approve"' } : {};
  const publish: LooseStep = { id: 'publish', type: 'transform', template: 1, ...condition };
  return flow({ name: 'publishing', rules, steps: [approve, publish] });
}
const approved = { step: 'approve', outcome: 'approve' };

async function open(workflow: WorkflowDefinition, options: object = {}): Promise<void> {
  const engine = await createEngine({ workflows: [workflow], store: ':memory:', env: {}, logger, ...options });
  await engine.close();
}

describe('a workflow with a rule that does not hold', () => {
  test('is refused when the engine is made, with the path that breaks it', async () => {
    const refused = open(publishing(false));
    await expect(refused).rejects.toThrow(DefinitionError);
    await expect(refused).rejects.toMatchObject({
      code: 'DEFINITION_INVALID',
      issues: [
        {
          code: 'RULE_BROKEN',
          path: 'rules[0]',
          message: expect.stringContaining("'publish' begins, and 'approve' (approve) has not come before") as string,
          received: 'the path: approve: reject',
          hint: expect.stringContaining('dank-workflow verify publishing') as string,
        },
      ],
    });
  });

  test('is refused when it is started without having been listed', async () => {
    const engine = await createEngine({ store: ':memory:', env: {}, logger });
    await expect(engine.start(publishing(false), {}, { runId: 'a' })).rejects.toThrow('does not hold');
    expect(engine.runs()).toEqual([]);
    await engine.start(publishing(true), {}, { runId: 'b' });
    await engine.close();
  });

  test('runs where rules are switched off', async () => {
    await open(publishing(false), { verify: 'off' });
    await expect(open(publishing(true), { verify: 'on' })).rejects.toThrow("verify takes 'rules' or 'off'");
  });
});

describe('what was proven', () => {
  /** The same store for several engines, and what was kept in it. */
  function kept(change: Partial<Store> = {}): { readonly store: Store; readonly keys: string[] } {
    const store = openMemoryStore();
    const keys: string[] = [];
    const put = store.putCached.bind(store);
    return {
      keys,
      store: Object.assign(store, {
        close: () => undefined,
        putCached: (key: string, value: string, expiresAt: number) => {
          keys.push(key);
          put(key, value, expiresAt);
        },
        ...change,
      }),
    };
  }

  test('is not proven again, until workflow or rules change', async () => {
    const { store, keys } = kept();
    await open(publishing(true), { store });
    expect(keys).toHaveLength(1);
    await open(publishing(true), { store });
    expect(keys).toHaveLength(1);
    await open(publishing(true, [{ precedes: [approved, 'publish'] }, { atMost: ['publish', 1] }]), { store });
    expect(keys).toHaveLength(2);
    await expect(open(publishing(true, [{ never: 'publish' }]), { store })).rejects.toThrow('does not hold');
    await expect(open(publishing(true, [{ never: 'publish' }]), { store })).rejects.toThrow('does not hold');
    expect(keys).toHaveLength(2);
  });

  test('is asked for of workflows with rules only', async () => {
    const { store, keys } = kept({
      claimCached: () => {
        throw new Error('asked for');
      },
    });
    await open(publishing(true, []), { store });
    expect(keys).toEqual([]);
  });

  test('is found again where the store is busy', async () => {
    const busy = kept({
      claimCached: () => {
        throw new WorkflowError('STORE_BUSY', 'busy');
      },
    });
    await open(publishing(true), { store: busy.store });
    await expect(open(publishing(false), { store: busy.store })).rejects.toThrow('does not hold');
  });

  test('says that not every path was looked at', async () => {
    said.length = 0;
    const body = { id: 'x', type: 'transform', template: 1 };
    const loop = { id: 'l', type: 'loop', while: '{{loop.index}} < 90', maxIterations: 90, steps: [body] };
    await open(flow({ rules: [{ never: { step: 'x', outcome: 'skipped' } }], steps: [loop] }));
    expect(said).toEqual([expect.stringMatching(/no rule is broken as far as was looked.*rounds after the 60th/)]);
  });
});
