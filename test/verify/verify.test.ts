import { describe, expect, test } from 'vitest';
import { createWorkflow, loadYaml, type WorkflowDefinition } from '../../src/definition/index.ts';
import { verify, type Finding, type Verification } from '../../src/verify/index.ts';
import { contentGenerationPipeline, researchAndSummarize } from '../definition/design-examples.js';
import { agent, flow, type LooseStep, type LooseWorkflow } from '../support/flow.ts';

const quick = (id: string, more: Record<string, unknown> = {}): LooseStep => ({
  id,
  type: 'transform',
  template: 1,
  ...more,
});

function of(...steps: readonly LooseStep[]): Verification {
  return verify(flow({ steps }));
}

/** Errors and warnings, by code. */
function problems({ findings }: Verification): readonly string[] {
  return findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code);
}

function only(verification: Verification, code: Finding['code']): Finding {
  const found = verification.findings.filter((each) => each.code === code);
  expect(found).toHaveLength(1);
  return found[0] as Finding;
}

describe('the classic: a reference to a step on a branch that did not run', () => {
  const route: LooseStep = {
    id: 'route',
    type: 'conditional',
    condition: '{{workflow.input.n}} > 1',
    then: 'left',
    else: 'right',
  };
  const reading = (reader: LooseStep): readonly LooseStep[] => [
    agent('first'),
    route,
    agent('left'),
    agent('right'),
    reader,
  ];
  const variants: readonly (readonly [string, readonly LooseStep[], Finding['code']])[] = [
    ['in text', reading(agent('reader', { input: { prompt: 'Use {{steps.left.output}}' } })), 'MISSING_VALUE'],
    ['as the prompt', reading(agent('reader', { input: { prompt: '{{steps.left.output}}' } })), 'MISSING_PROMPT'],
    ['as input', reading(agent('reader', { input: { prompt: 'Go', draft: '{{steps.left.output}}' } })), 'LEFT_OUT'],
    ['deep in it', reading(quick('reader', { template: { a: [{ b: '{{steps.left.output.text}}' }] } })), 'LEFT_OUT'],
    [
      'in a URL',
      reading({ id: 'reader', type: 'http', url: 'https://a.example/{{steps.left.output.id}}' }),
      'MISSING_VALUE',
    ],
    ['in a condition', reading(quick('reader', { condition: '{{steps.left.output.score}} > 3' })), 'MISSING_VALUE'],
    [
      'as items',
      reading({ id: 'reader', type: 'loop', items: '{{steps.left.output}}', step: agent('each') }),
      'MISSING_VALUE',
    ],
    [
      'inside a loop',
      reading({
        id: 'reader',
        type: 'loop',
        items: [1, 2],
        step: agent('each', { input: { prompt: 'Use {{steps.left.output}}' } }),
      }),
      'MISSING_VALUE',
    ],
    [
      'inside a branch',
      reading({
        id: 'reader',
        type: 'parallel',
        steps: [agent('one', { input: { prompt: 'Use {{steps.left.output}}' } }), agent('two')],
      }),
      'MISSING_VALUE',
    ],
    ['as a time', reading({ id: 'reader', type: 'wait', until: '{{steps.left.output}}' }), 'MISSING_VALUE'],
  ];

  test.each(variants)('%s', (_name, steps, code) => {
    const finding = only(verify(flow({ steps })), code);
    expect(finding.message).toContain("'left' was skipped");
    expect(finding.way).toContain('left is skipped');
    expect(finding.way).toContain('route: else');
  });

  test.each(variants)('%s: silent where the reader has the same condition', (_name, steps) => {
    const [reader] = steps.slice(-1) as [LooseStep];
    const isWait = reader['type'] === 'wait';
    const mended: LooseStep[] = [
      ...steps.slice(0, 2),
      {
        id: 'left',
        type: 'sequential',
        steps: [agent('left-inner'), { ...reader }].map(
          (step) => JSON.parse(JSON.stringify(step).replaceAll('steps.left.', 'steps.left-inner.')) as LooseStep,
        ),
      },
      agent('right'),
    ];
    expect(isWait ? problems(verify(flow({ steps: mended }))) : problems(verify(flow({ steps: mended })))).toEqual([]);
  });

  test('silent where there is a last resort, another that ran, or the question whether it ran', () => {
    const mend = (reader: LooseStep): readonly string[] => problems(verify(flow({ steps: reading(reader) })));
    expect(mend(agent('reader', { input: { prompt: '{{steps.left.output}} || {{steps.right.output}}' } }))).toEqual([]);
    expect(mend(agent('reader', { input: { prompt: '{{steps.left.output}} || "nothing"' } }))).toEqual([]);
    expect(
      mend(quick('reader', { condition: '{{steps.left.status}} === "completed" && {{steps.left.output.n}} > 1' })),
    ).toEqual([]);
    expect(mend(quick('reader', { condition: '!{{steps.left.output}}' }))).toEqual([]);
  });
});

describe('values', () => {
  test('of a step that may have failed', () => {
    const finding = only(
      of(agent('a', { onError: 'continue' }), agent('b', { input: { prompt: 'Use {{steps.a.output}}' } })),
      'EMPTY_VALUE',
    );
    expect(finding.message).toContain("'a' has failed");
    expect(finding.way).toEqual(['a fails', 'b completes'].slice(0, 1));
    expect(
      only(
        of(agent('a', { onError: 'continue' }), agent('b', { input: { prompt: 'Use {{steps.a.output.text}}' } })),
        'MISSING_VALUE',
      ).severity,
    ).toBe('error');
    expect(
      problems(
        of(agent('a', { onError: { output: 'none' } }), agent('b', { input: { prompt: 'Use {{steps.a.output}}' } })),
      ),
    ).toEqual([]);
  });

  test('of fields that a schema has, and has not', () => {
    const schema = {
      type: 'object',
      properties: { title: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } } },
      required: ['title'],
    };
    const reads = (path: string): Verification =>
      of(agent('a', { schema }), agent('b', { input: { prompt: `Use {{steps.a.output.${path}}}` } }));
    expect(only(reads('titel'), 'UNKNOWN_OUTPUT_FIELD').message).toContain("the schema of step 'a' has no 'titel'");
    expect(only(reads('titel'), 'UNKNOWN_OUTPUT_FIELD').hint).toBe("it has 'title', 'tags'");
    expect(only(reads('title.text'), 'UNKNOWN_OUTPUT_FIELD').severity).toBe('error');
    expect(only(reads('tags'), 'OPTIONAL_FIELD').severity).toBe('warning');
    expect(problems(reads('title'))).toEqual([]);
    expect(problems(reads('title.length'))).toEqual([]);
  });

  test("of a person's answer, and of the input below its first level", () => {
    const input = {
      type: 'object',
      properties: { user: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } },
      required: ['user'],
    };
    const definition = (path: string): WorkflowDefinition =>
      flow({ input, steps: [agent('a', { input: { prompt: `Hi {{workflow.input.user.${path}}}` } })] });
    expect(problems(verify(definition('nam')))).toEqual(['UNKNOWN_OUTPUT_FIELD']);
    expect(problems(verify(definition('name')))).toEqual([]);
    const human = { id: 'h', type: 'human', title: 'Go?' };
    expect(problems(of(human, agent('b', { input: { prompt: '{{steps.h.output.verdict}}' } })))).toEqual([
      'UNKNOWN_OUTPUT_FIELD',
    ]);
    expect(problems(of(human, agent('b', { input: { prompt: 'It is {{steps.h.output.decision}}' } })))).toEqual([]);
  });

  test('the first round of a loop may leave out what only later rounds have', () => {
    const steps = [
      agent('write', {
        input: { prompt: 'Write', draft: '{{steps.write.output}}', feedback: '{{steps.review.output}}' },
      }),
      agent('review'),
    ];
    expect(problems(of({ id: 'l', type: 'loop', until: '{{steps.review.output.ok}} === true', steps }))).toEqual([]);
  });
});

describe('the flow', () => {
  test('a step that no way leads to', () => {
    const steps = (kind: unknown): LooseWorkflow => ({
      input: { type: 'object', properties: { kind: { enum: kind } }, required: ['kind'] },
      steps: [
        { id: 'route', type: 'switch', value: '{{workflow.input.kind}}', cases: { a: 'one', b: 'two' } },
        quick('one'),
        quick('two'),
      ],
    });
    expect(only(verify(flow(steps(['a', 'c']))), 'UNREACHABLE_STEP').message).toBe(
      "step 'two' never runs: no way leads to it",
    );
    expect(problems(verify(flow(steps(['a', 'b']))))).toEqual([]);
  });

  test('branches that wait for each other', () => {
    const branch = (id: string, other: string, more: Record<string, unknown> = {}): LooseStep => ({
      id: `${id}-branch`,
      type: 'sequential',
      steps: [
        { id: `${id}-wait`, type: 'wait', condition: `{{state.${other}}} !== true`, ...more },
        quick(id, { assign: { [id]: true } }),
      ],
    });
    const definition = (more: Record<string, unknown> = {}): WorkflowDefinition =>
      flow({
        state: { a: false, b: false },
        steps: [{ id: 'both', type: 'parallel', steps: [branch('a', 'b', more), branch('b', 'a', more)] }],
      });
    const finding = only(verify(definition()), 'DEADLOCK');
    expect(finding.message).toContain("'a-wait' and 'b-wait' wait for what never comes");
    expect(problems(verify(definition({ maxWait: '1h', onTimeout: 'continue' })))).not.toContain('DEADLOCK');
  });

  test('a wait that nothing ends', () => {
    const wait = (more: Record<string, unknown>): Verification =>
      of(agent('a'), { id: 'w', type: 'wait', condition: '{{steps.a.output.status}} === "pending"', ...more });
    expect(only(wait({}), 'ENDLESS').way).toEqual(['a completes']);
    expect(problems(wait({ maxWait: '1h' }))).toEqual([]);
    const polls = of(agent('a'), {
      id: 'w',
      type: 'wait',
      condition: '{{steps.p.output.status}} === "pending"',
      poll: agent('p'),
    });
    expect(problems(polls)).toEqual([]);
  });

  test('a loop that nothing ends but its limit', () => {
    const loop = (until: string): Verification => of(agent('a'), { id: 'l', type: 'loop', until, steps: [agent('b')] });
    expect(only(loop('{{steps.a.output.ok}} === true'), 'UNBOUNDED_LOOP').message).toContain(
      'runs to its limit of 1000 rounds',
    );
    expect(problems(loop('{{steps.b.output.ok}} === true'))).toEqual([]);
    expect(problems(loop('{{loop.index}} > 3'))).toEqual([]);
  });

  test('a value that one branch writes and another reads', () => {
    const parallel = (reads: string): Verification =>
      verify(
        flow({
          state: { a: 0, b: 0 },
          steps: [
            {
              id: 'both',
              type: 'parallel',
              steps: [
                agent('one', { assign: { a: 1 } }),
                agent('two', { input: { prompt: `It is {{state.${reads}}}` } }),
              ],
            },
          ],
        }),
      );
    expect(only(parallel('a'), 'RACE').message).toContain("step 'one' writes {{state.a}} while step 'two' reads it");
    expect(problems(parallel('b'))).toEqual([]);
  });

  test('failures that end the run are told, and are no mistake', () => {
    const verification = of(agent('a'), agent('b', { onError: 'continue' }));
    expect(only(verification, 'FAILURE_ENDS_RUN')).toMatchObject({
      severity: 'info',
      message: "the run fails when one of these fails for good: 'a'",
    });
    expect(verification.ok).toBe(true);
  });

  test('what was not explored is said, and nothing is claimed of it', () => {
    const verification = verify(flow({ steps: [agent('a'), agent('b'), agent('c')] }), { maxStates: 2 });
    expect(verification.bounds).toHaveLength(1);
    expect(problems(verification)).toEqual([]);
  });
});

describe('rules', () => {
  const approval: readonly LooseStep[] = [
    agent('write'),
    { id: 'approve', type: 'human', title: 'Publish?', timeout: '1d', onTimeout: 'reject' },
    agent('publish', { condition: '{{steps.approve.output.decision}} === "approve"', tags: ['spends-money'] }),
    agent('after', { onError: 'continue' }),
  ];
  const broken = (rule: Record<string, unknown>, steps: readonly LooseStep[] = approval): readonly string[] => {
    let builder = createWorkflow('rules') as unknown as {
      addStep(id: string, step: unknown): typeof builder;
      addRule(rule: unknown): typeof builder;
      build(): WorkflowDefinition;
    };
    for (const { id, ...step } of steps) builder = builder.addStep(id, step);
    return verify(builder.addRule(rule).build())
      .findings.filter(({ code }) => code === 'RULE_BROKEN')
      .map(({ message, way }) => `${message} | ${way.join(', ')}`);
  };
  const approved = { step: 'approve', outcome: 'approve' };

  test('precedes', () => {
    expect(broken({ precedes: [approved, 'publish'] })).toEqual([]);
    expect(broken({ precedes: [approved, { tag: 'spends-money' }], name: 'ask first' })).toEqual([]);
    const without = approval.map((step) => (step.id === 'publish' ? agent('publish') : step));
    expect(broken({ precedes: [approved, 'publish'], name: 'ask first' }, without)).toEqual([
      "the rule 'ask first' does not hold: 'publish' begins, and 'approve' (approve) has not come before | write completes, approve times out",
    ]);
  });

  test('never, always, atMost, exclusive, leadsTo', () => {
    expect(broken({ never: { step: 'publish', outcome: 'skipped' } })).toHaveLength(1);
    expect(broken({ never: { step: 'after', outcome: 'skipped' } })).toEqual([]);
    expect(broken({ always: 'write' })).toEqual([]);
    expect(broken({ always: 'publish' })).toHaveLength(1);
    expect(broken({ atMost: ['publish', 1] })).toEqual([]);
    expect(broken({ atMost: ['publish', 0] })).toHaveLength(1);
    expect(broken({ exclusive: ['write', 'publish'] })).toHaveLength(1);
    expect(broken({ leadsTo: ['write', 'approve'] })).toEqual([]);
    expect(broken({ leadsTo: ['write', 'publish'] })).toHaveLength(1);
    expect(broken({ leadsTo: ['publish', 'after'] })).toEqual([
      "the rule 'leadsTo(publish, after)' does not hold: 'publish' comes, and the run completes without 'after' | write completes, approve: approve, publish completes, after fails",
    ]);
  });

  test('of branches side by side, in every order', () => {
    const both: readonly LooseStep[] = [{ id: 'both', type: 'parallel', steps: [agent('one'), agent('two')] }];
    expect(broken({ precedes: ['one', 'two'] }, both)).toHaveLength(1);
    const inOrder: readonly LooseStep[] = [agent('one'), agent('two')];
    expect(broken({ precedes: ['one', 'two'] }, inOrder)).toEqual([]);
    const later: readonly LooseStep[] = [
      {
        id: 'both',
        type: 'parallel',
        steps: [
          { id: 'g', type: 'sequential', steps: [agent('zero'), agent('one')] },
          { id: 'h', type: 'sequential', steps: [agent('x'), agent('two')] },
        ],
      },
    ];
    expect(broken({ precedes: ['one', 'two'] }, later)).toHaveLength(1);
  });

  test('as data, with all mistakes at once', () => {
    const text = (rules: string): string => `id: w\nrules:\n${rules}\nsteps:\n  - { id: a, type: wait, duration: 1 }\n`;
    const read = (rules: string): readonly string[] => {
      const result = loadYaml(text(rules), { file: 'w.yaml' } as never);
      return result.issues?.map(({ path, message }) => `${path}: ${message}`) ?? [];
    };
    expect(read('  - always: a')).toEqual([]);
    expect(read('  - alway: a\n  - always: b\n  - precedes: a\n  - never: { tag: x }')).toEqual([
      expect.stringContaining('a rule is an object with one of the kinds of rules'),
      expect.stringContaining("step 'b' does not exist"),
      expect.stringContaining('precedes takes a list of two'),
      expect.stringContaining("no step has the tag 'x'"),
    ]);
  });

  test('are no part of the hash', () => {
    const plain = createWorkflow('w').addStep('a', { type: 'wait', duration: 1 });
    const { hash } = plain.build();
    expect(plain.addRule({ always: 'a' }).build().hash).toBe(hash);
  });
});

describe('the worst case', () => {
  test('of attempts, routers, loops and time', () => {
    const { worst } = of(
      agent('a', { retry: { maxAttempts: 3, delay: 1_000 }, timeout: 10_000, metadata: { cost: 0.5 } }),
      { id: 'r', type: 'conditional', condition: '{{steps.a.output.x}} > 1', then: 'b', else: 'c' },
      agent('b', { timeout: 1_000 }),
      agent('c', { timeout: 5_000 }),
      {
        id: 'l',
        type: 'loop',
        until: '{{steps.d.output.ok}} === true',
        maxIterations: 4,
        steps: [agent('d', { timeout: 100 })],
      },
    );
    expect(worst).toEqual({
      steps: 8,
      agentCalls: 8,
      attempts: 8,
      timeMs: 32_000 + 5_000 + 400,
      cost: 1.5,
      unbounded: [],
    });
  });

  test('that has no bound says why', () => {
    const { worst } = of(
      { id: 'h', type: 'human', title: 'Go?' },
      { id: 'l', type: 'loop', items: '{{workflow.input.list}}', step: agent('a') },
    );
    expect(worst.timeMs).toBeNull();
    expect(worst.unbounded).toEqual([
      "step 'h' waits for a person, without a timeout",
      "loop 'l' has as many rounds as items (bound it: maxIterations); one is counted",
    ]);
  });
});

describe('the examples of the design', () => {
  const stub = (id: string) => ({ type: 'agent', agentId: id, input: { prompt: 'Go' } }) as const;
  const research = ['research-path', 'analysis-path', 'summary-path', 'default-path'].reduce(
    (builder, id) => builder.addStep(id, stub(id)),
    researchAndSummarize(createWorkflow),
  );
  const content = (): ReturnType<typeof contentGenerationPipeline> =>
    contentGenerationPipeline(createWorkflow).addStep('publish-email', stub('e'));

  const publishing = ['publish-blog', 'publish-social', 'publish-email'];
  const ruled = (rule: unknown): WorkflowDefinition =>
    (content() as unknown as { addRule(rule: unknown): { build(): WorkflowDefinition } }).addRule(rule).build();

  test('never publish without approve: it holds, and breaks when one publish step loses its condition', () => {
    const isApproved = '{{steps.review-decision.output}} === "approve"';
    const gated = (without: string | null): Verification => {
      const publish = (id: string): LooseStep => agent(id, id === without ? {} : { condition: isApproved });
      return verify(
        flow({
          steps: [
            agent('generate'),
            { id: 'review-decision', type: 'conditional', condition: () => true, then: 'approve', else: 'revise' },
            agent('revise'),
            agent('approve'),
            {
              id: 'publish-route',
              type: 'switch',
              value: '{{workflow.input.publishTarget}}',
              cases: { blog: 'publish-blog', social: 'publish-social', email: 'publish-email' },
              default: 'publish-blog',
            },
            publish('publish-blog'),
            publish('publish-social'),
            publish('publish-email'),
          ],
          rules: [{ precedes: ['approve', publishing], name: 'never publish without approve' }],
        }),
      );
    };
    expect(problems(gated(null))).toEqual([]);
    expect(only(gated('publish-social'), 'RULE_BROKEN')).toMatchObject({
      message: expect.stringContaining("the rule 'never publish without approve' does not hold") as string,
      way: expect.arrayContaining([
        'review-decision: false',
        'approve is skipped',
        'publish-route: social',
      ]) as string[],
    });
  });

  test('as the design has it, what was revised is published without approve', () => {
    const { findings } = verify(ruled({ precedes: ['approve', publishing] }));
    expect(findings.find(({ code }) => code === 'RULE_BROKEN')?.way).toContain('review-decision: false');
    expect(problems(verify(ruled({ precedes: [['approve', 'revise'], publishing] })))).toEqual([]);
  });

  test('give no false alarm', () => {
    expect(problems(verify(research.build()))).toEqual([]);
    expect(problems(verify(content().build()))).toEqual([]);
    expect(verify(content().build()).bounds).toEqual([]);
  });
});

test('the way to a finding tells what is skipped in the moment of the start', () => {
  const { findings } = of(
    agent('draft', { condition: '{{workflow.input.kind}} === "long"' }),
    agent('publish', { input: { prompt: 'Publish {{steps.draft.output.text}}' } }),
  );
  expect(findings.find(({ code }) => code === 'MISSING_VALUE')?.way).toEqual(['draft is skipped']);
});
