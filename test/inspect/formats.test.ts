import { describe, expect, test } from 'vitest';
import { createMachine, type AnyStateMachine, type AnyStateNode } from 'xstate';
import { compileWorkflow } from '../../machines/workflow.ts';
import { drawingFormats, drawWorkflow } from '../../src/inspect/draw-workflow.ts';
import { agent, flow } from '../support/flow.ts';
import { flows } from '../engine/flows.ts';
import { everything, hostile, hostileTexts } from './everything.ts';

const small = flow({
  name: 'small',
  description: 'Two steps',
  steps: [
    agent('ask', { retry: { maxAttempts: 3 } }),
    { id: 'check', type: 'conditional', condition: '{{steps.ask.output.score}} > 0.5', then: 'again', else: 'end' },
    { id: 'again', type: 'parallel', steps: [agent('x'), agent('y')] },
  ],
});

test('Mermaid', async () => {
  expect(await drawWorkflow(small, { format: 'mermaid' })).toMatchInlineSnapshot(`
    "flowchart TB
      accTitle: small
      n0(["start"])
      n1["<b>ask</b><br/>agent: any<br/>3 attempts, every 1s"]
      n2{{"<b>check</b><br/>conditional: steps.ask.output.score #62; 0.5"}}
      subgraph n3["<b>again</b><br/>parallel"]
        n4["<b>x</b><br/>agent: any"]
        n5["<b>y</b><br/>agent: any"]
      end
      n6(["end"])
      n0 --> n1
      n1 --> n2
      n2 -->|"then"| n3
      n2 -->|"else"| n6
      n3 --> n6
      classDef point fill:#f1f3f5,stroke:#6b7280,color:#1f2937
      class n0,n6 point
      classDef work fill:#e8f1fd,stroke:#3572c6,color:#0f2b52
      class n1,n4,n5 work
      classDef router fill:#fff4d6,stroke:#b7791f,color:#3b2a06
      class n2 router
      classDef group fill:#8b949e1a,stroke:#8b949e
      class n3 group
    "
  `);
});

test('DOT', async () => {
  expect(await drawWorkflow(small, { format: 'dot' })).toMatchInlineSnapshot(`
    "digraph "small" {
      label="small"; labelloc="t"; compound=true; rankdir="TB"; fontname="Helvetica"; fontsize=16;
      node [shape="box", style="rounded", fontname="Helvetica", fontsize=11];
      edge [fontname="Helvetica", fontsize=10, color="#57606a"];
      n0 [label="start", shape="oval"];
      n1 [label="ask\\nagent: any\\n3 attempts, every 1s"];
      n2 [label="check\\nconditional: steps.ask.output.score > 0.5", shape="diamond"];
      subgraph cluster_n3 {
        label="again\\nparallel"; fontsize=12; style="rounded"; color="#8b949e";
        n4 [label="x\\nagent: any"];
        n5 [label="y\\nagent: any"];
      }
      n6 [label="end", shape="oval"];
      n0 -> n1;
      n1 -> n2;
      n2 -> n4 [label="then", lhead="cluster_n3"];
      n2 -> n6 [label="else"];
      n5 -> n6 [ltail="cluster_n3"];
    }
    "
  `);
});

describe('hostile texts stay text', () => {
  // What a line of our Mermaid may be; labels hold letters, digits, a few signs and character codes only.
  const label = String.raw`"(?:[\p{L}\p{N} .,:_…≤-]|#\d+;|<\/?b>|<br\/>)*"`;
  const lines = [
    'flowchart TB',
    String.raw` +accTitle: [\p{L}\p{N} .,:_()-]*`,
    String.raw` +n\d+(?:\[${label}\]|\[\[${label}\]\]|\(\[${label}\]\)|\{\{${label}\}\}|\[\/${label}\\\]|>${label}\])`,
    String.raw` +subgraph n\d+\[${label}\]`,
    ' +end',
    String.raw` +n\d+ (?:-->|-\.->)(?:\|${label}\|)? n\d+`,
    String.raw` +classDef [a-z]+ [a-z0-9:#,\- ]+`,
    String.raw` +class n\d+(?:,n\d+)* [a-z]+`,
  ];
  const grammar = new RegExp(`^(?:${lines.join('|')})$`, 'u');

  test.each(hostileTexts)('in Mermaid: %j', async (text) => {
    const drawn = await drawWorkflow(hostile(text), { format: 'mermaid' });
    for (const line of drawn.trimEnd().split('\n')) expect(line).toMatch(grammar);
  });

  test.each(hostileTexts)('in DOT: %j', async (text) => {
    const drawn = await drawWorkflow(hostile(text), { format: 'dot' });
    // Without its quoted strings nothing but our own words is left.
    const bare = drawn.replaceAll(/"(?:[^"\\\n]|\\["\\n])*"/g, 'S');
    expect(bare).not.toMatch(/["<]|evil|script/);
    for (const line of bare.trimEnd().split('\n')) expect(line).toMatch(/^[\w\s=;,[\]{}>-]*$/);
  });
});

test.each(flows)('$name can be drawn in every format, the same text each time', async ({ make }) => {
  for (const format of drawingFormats) {
    expect(await drawWorkflow(make(), { format })).toBe(await drawWorkflow(make(), { format }));
  }
});

describe('JSON', () => {
  /** Every state with its transitions, by event, guard and target. */
  function chartOf(machine: AnyStateMachine): readonly string[] {
    const lines: string[] = [];
    const visit = (node: AnyStateNode): void => {
      lines.push(
        `${node.path.join('.')} ${node.type} ${node.invoke.map(({ id, src }) => `${id}:${String(src)}`).join()}`,
      );
      for (const [event, transitions] of [...node.transitions, ['always', node.always ?? []] as const]) {
        for (const { guard, target, actions } of transitions) {
          const to = (target ?? []).map(({ id }) => id).join();
          lines.push(`${node.id} ${event} [${JSON.stringify(guard ?? null)}] ${JSON.stringify(actions)} -> ${to}`);
        }
      }
      for (const child of Object.values(node.states)) visit(child);
    };
    visit(machine.root);
    return lines;
  }

  test.each([{ name: 'everything', make: everything }, ...flows])(
    'of $name is a machine of XState with the same states and transitions',
    async ({ make }) => {
      const text = await drawWorkflow(make(), { format: 'json' });
      const imported = createMachine(JSON.parse(text) as never);
      const { machine } = compileWorkflow(make());
      expect(chartOf(imported)).toEqual(chartOf(machine));
      expect(imported.id).toBe(machine.id);
    },
  );

  test('describes steps, and holds the charts of rounds', async () => {
    const config: unknown = JSON.parse(await drawWorkflow(everything(), { format: 'json' }));
    expect(config).toMatchObject({
      id: 'everything',
      description: 'Every construct of the language',
      states: {
        $main: {
          states: {
            fetch: { description: expect.stringContaining('4 attempts') as string },
            each: { meta: { rounds: { id: 'everything:each', states: { $main: { states: { keep: {} } } } } } },
          },
        },
      },
    });
  });
});

test('options that there are not are refused', async () => {
  await expect(drawWorkflow(small, { format: 'png' as never })).rejects.toThrow(
    "format 'png': expected one of mermaid, svg, dot, json",
  );
  await expect(drawWorkflow(small, { format: 'svg', theme: 'pink' as never })).rejects.toThrow("theme 'pink'");
  const run = { status: 'completed', events: [] } as const;
  const coverage = { states: {}, transitions: {} };
  await expect(drawWorkflow(small, { format: 'svg', run, coverage })).rejects.toThrow('not both');
  await expect(drawWorkflow(small, { format: 'json', run })).rejects.toThrow('takes no marks');
});
