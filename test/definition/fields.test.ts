import { describe, expect, test } from 'vitest';
import { parseDefinition } from '../../src/definition/index.ts';
import { formatIssue } from '../../src/core/issue.ts';

type Data = Readonly<Record<string, unknown>>;

const agent: Data = { type: 'agent', agentId: 'a', input: { prompt: 'p' } };
const http: Data = { type: 'http', url: 'https://a.example' };
const wait: Data = { type: 'wait', duration: 1 };
const loop: Data = { type: 'loop', items: [1], step: wait };

/** What is said about one step, without its place at the front. */
function about(step: Data): string {
  const { issues = [] } = parseDefinition({ id: 'wf', steps: [{ id: 's', ...step }] });
  return issues.map((issue) => formatIssue(issue).replace(/^steps\[0\]\.?/, '')).join('\n');
}

function table(rows: readonly (readonly [step: Data, expected: string | RegExp])[]): void {
  test.each(rows)('%j', (step, expected) => {
    if (typeof expected === 'string') expect(about(step)).toBe(expected);
    else expect(about(step)).toMatch(expected);
  });
}

const duration = "a number of milliseconds, or a text such as '30s', '5m', '2h' or '1d'";

describe('fields of every step', () => {
  table([
    [{ ...agent, timeout: '30 s' }, ''],
    [{ ...agent, timeout: '1.5h' }, ''],
    [{ ...agent, timeout: 'soon' }, `timeout: timeout must be ${duration} (found 'soon')`],
    [{ ...agent, timeout: null }, `timeout: timeout must be ${duration} (found null)`],
    [{ ...agent, timeout: 0 }, 'timeout: timeout must be positive (found 0)'],
    [{ ...agent, timeout: '200000d' }, "timeout: timeout must be at most 100 years (found '200000d')"],
    [
      {
        ...agent,
        totalTimeout: '5m',
        retry: { maxAttempts: 3, delay: 0, backoff: 'exponential', maxDelay: '1m', jitter: 0.5, on: [503, 'TIMEOUT'] },
      },
      '',
    ],
    [{ ...agent, retry: 3 }, 'retry: retry must be an object (found 3)'],
    [{ ...agent, retry: { maxAttempts: 0 } }, 'retry.maxAttempts: retry.maxAttempts must be at least 1 (found 0)'],
    [{ ...agent, retry: { maxAttempts: 2.5 } }, 'retry.maxAttempts: retry.maxAttempts must be an integer (found 2.5)'],
    [{ ...agent, retry: { jitter: 2 } }, 'retry.jitter: retry.jitter must be at most 1 (found 2)'],
    [
      { ...agent, retry: { backoff: 'expo' } },
      "retry.backoff: retry.backoff is not one of the known values (expected 'fixed', 'linear', 'exponential', found 'expo')",
    ],
    [
      { ...agent, retry: { attempts: 3 } },
      "retry.attempts: unknown field 'attempts' of retry; did you mean 'maxAttempts'?",
    ],
    [
      { ...agent, retry: { times: 3 } },
      "retry.times: unknown field 'times' of retry; its fields: maxAttempts, delay, backoff, maxDelay, jitter, on",
    ],
    [{ ...agent, retry: { jiter: 1 } }, "retry.jiter: unknown field 'jiter' of retry; did you mean 'jitter'?"],
    [
      { ...agent, retry: { on: ['TIMEOT'] } },
      /^retry\.on\[0\]: retry\.on\[0\] names an unknown failure: expected an HTTP status or one of AGENT_ERROR, /,
    ],
    [
      { ...agent, onError: 'ignore' },
      /^onError: onError is not one of its forms .* to go to a step, write \{ goto: 'ignore' \}$/,
    ],
    [{ ...agent, onError: 'continue' }, ''],
    [{ ...agent, onError: { goto: 5 } }, 'onError.goto: goto must be a step id (found 5)'],
    [{ ...agent, onError: { output: null } }, ''],
    [{ ...agent, onError: { type: 'wait' } }, 'onError.duration: a wait step needs duration, until or condition'],
    [
      { ...agent, assign: ['a'] },
      'assign: assign must be an object: each key of state with its value (found a list of 1)',
    ],
    [
      { ...agent, output: 'my output' },
      /^output: output: output name 'my output' is invalid; .* for example 'my-output'/,
    ],
    [{ ...agent, output: 'steps' }, /output name 'steps' is reserved/],
    [{ ...agent, metadata: 5 }, 'metadata: metadata must be an object (found 5)'],
    [
      { ...agent, metadata: { at: new Date(0) } },
      /^metadata\.at: this is not plain data .* found an object of class Date\)$/,
    ],
    [{ ...agent, metadata: { n: Number.NaN } }, /^metadata\.n: this is not plain data/],
    [{ ...agent, metadata: { text: '{{not a template}}' }, tags: ['x'] }, ''],
    [{ ...agent, tags: ['x', ''] }, "tags[1]: tags[1] must not be empty (found '')"],
    [{ ...agent, condition: '' }, /^condition: this condition is empty/],
    [{ ...agent, condition: 5 }, 'condition: a condition must be a text or a function (found 5)'],
    [{ ...agent, condition: true }, ''],
    [
      { ...agent, condition: () => true },
      'condition: functions cannot be data; use a template here, or write the workflow with createWorkflow',
    ],
    [{ ...agent, tiemout: 5 }, "tiemout: unknown field 'tiemout' of an agent step; did you mean 'timeout'?"],
    [{ type: 'if' }, "type: unknown step type 'if'; did you mean 'conditional'?"],
    [{ type: 5 }, /^type: type must be a string/],
    [{}, /^type: type is required: every step has one/],
  ]);
});

describe('agent', () => {
  table([
    [{ ...agent, action: 'http', endpoint: '/run', method: 'put' }, ''],
    [{ ...agent, action: 'call' }, /^action: action is not one of the known values/],
    [{ ...agent, agentId: '' }, "agentId: agentId must not be empty (found '')"],
    [{ ...agent, agentId: '{{workflow.input.agent}}' }, /^agentId: agentId cannot be a template/],
    [
      { ...agent, agentId: '${OTHER.X}' },
      "agentId: unknown agent reference '${OTHER.X}': OTHER.X is not defined; no agents file was given",
    ],
    [
      { type: 'agent', agentId: 'a' },
      "input: input is required: an agent is never sent an empty prompt; add input: { prompt: '...' }",
    ],
    [{ ...agent, input: { prompt: ' ' } }, 'input.prompt: the prompt is empty: no agent is sent an empty prompt'],
    [{ ...agent, input: { topic: 'x' } }, ''],
    [{ ...agent, endpoint: '/x' }, "endpoint: endpoint needs action 'http'; a prompt goes to the agent's /prompt"],
    [{ ...agent, method: 'POST' }, ''],
    [{ ...agent, method: 'GET' }, "method: method needs action 'http'; a prompt is sent with POST"],
    [{ ...agent, action: 'http', endpoint: 'https://x.example' }, /^endpoint: endpoint must be a path of the agent/],
    [{ ...agent, action: 'http', endpoint: '//x.example' }, /^endpoint: endpoint must be a path of the agent/],
    [{ ...agent, action: 'http', endpoint: '/{{workflow.input.x}}' }, /^endpoint: endpoint cannot contain a template/],
    [{ ...agent, schema: { type: 'object' }, repair: 2 }, ''],
    [{ ...agent, repair: 2 }, "repair: repair needs a 'schema': the agent is asked again with its errors"],
    [{ ...agent, schema: { type: 'objekt' } }, /^schema: this is not a valid JSON Schema/],
    [{ ...agent, schema: 'object' }, /^schema: a schema must be a zod schema or a JSON Schema, found 'object'/],
    [
      { type: 'agent', agentId: 'a', prompt: 'Go', input: {} },
      "prompt: unknown field 'prompt' of an agent step; put it into input: { prompt: '...' }",
    ],
  ]);
});

describe('http', () => {
  table([
    [{ ...http, method: 'post', body: { a: 1 } }, ''],
    [{ ...http, url: '{{workflow.input.url}}' }, ''],
    [{ ...http, url: '{{env.BASE}} || "https://a.example/items"' }, ''],
    [{ ...http, url: "{{env.BASE}} ?? {{workflow.input.url}} || 'https://a.example'" }, ''],
    [{ ...http, url: "{{env.BASE}} || 'ftp://a.example'" }, /^url: url is not an http\(s\) address .* found 'ftp:/],
    [{ ...http, url: "{{env.BASE}} || 'https://kim:secret@a.example'" }, /^url: a url cannot hold a user name/],
    [{ ...http, url: "{{env.BASE}} || 'https://a.example' || {{workflow.input.url}}" }, /^url: the host of a url/],
    [{ ...http, url: 'https://a.example/items/{{workflow.input.id}}?q={{workflow.input.q}}' }, ''],
    [{ ...http, url: 'https://{{workflow.input.host}}/x' }, /^url: the host of a url cannot come from a template/],
    [
      { ...http, url: 'https://a.example{{workflow.input.path}}' },
      /^url: the host of a url cannot come from a template/,
    ],
    [
      { ...http, url: 'https://a.example:{{workflow.input.port}}/' },
      /^url: the host of a url cannot come from a template/,
    ],
    [{ ...http, url: '{{env.BASE}}/items' }, /^url: the host of a url cannot come from a template/],
    [{ ...http, url: '/items' }, /^url: url is not an http\(s\) address .* found '\/items'/],
    [{ ...http, url: 'file:///etc/passwd' }, /^url: url is not an http\(s\) address/],
    [{ ...http, url: 'https://kim:secret@a.example/' }, /^url: a url cannot hold a user name or password/],
    [{ ...http, url: 5 }, 'url: url must be a string (found 5)'],
    [{ ...http, body: 1, method: 'GET' }, "body: a GET request has no body; use 'query', or method 'POST'"],
    [{ ...http, headers: { Host: 'a' } }, /^headers\.Host: header "Host" is not allowed/],
    [{ ...http, headers: { 'Content-Length': '1' } }, /is not allowed: the HTTP client sets it/],
    [{ ...http, headers: { 'x-a': 'b', 'X-A': 'c' } }, /is there twice/],
    [{ ...http, headers: { a: 'b\r\nc: d' } }, /contains a line break/],
    [{ ...http, headers: { a: { b: 1 } } }, /must be a text \(found an object\)/],
    [{ ...http, headers: ['a'] }, /^headers: headers must be an object/],
    [{ ...http, query: 'a=1' }, /^query: query must be an object/],
    [{ ...http, query: '{{workflow.input.query}}' }, ''],
    [
      { ...http, input: {} },
      "input: unknown field 'input' of an http step; the data of a request is its 'body' (or 'query')",
    ],
  ]);
});

describe('wait', () => {
  table([
    [{ type: 'wait', duration: '{{workflow.input.pause}}' }, ''],
    [{ type: 'wait', duration: 0 }, ''],
    [{ type: 'wait', duration: -5 }, `duration: duration must not be negative (expected ${duration}, found -5)`],
    [{ type: 'wait', until: '2030-01-31T09:00:00Z' }, ''],
    [{ type: 'wait', until: '2030-01-31 9am' }, /^until: until must be an ISO time/],
    [{ type: 'wait', until: '2030-13-45T09:00:00Z' }, /^until: until must be an ISO time/],
    [{ type: 'wait', until: '{{workflow.input.at}}' }, ''],
    [{ type: 'wait' }, 'duration: a wait step needs duration, until or condition'],
    [{ type: 'wait', duration: 1, until: '2030-01-01' }, 'until: a wait step has either duration or until, not both'],
    [
      {
        type: 'wait',
        condition: 'true',
        duration: 5,
        pollInterval: '2s',
        maxWait: '1m',
        onTimeout: 'continue',
        poll: wait,
      },
      '',
    ],
    [{ ...wait, pollInterval: 5 }, 'pollInterval: pollInterval needs a condition: the step waits while it is true'],
    [{ type: 'wait', condition: 'true', onTimeout: 'fail' }, 'onTimeout: onTimeout needs maxWait'],
    [
      { type: 'wait', condition: 'true', until: '2030-01-01' },
      /^until: a wait step has either until or condition, not both/,
    ],
  ]);
});

describe('signal', () => {
  table([
    [{ type: 'signal' }, ''],
    [{ type: 'signal', name: 'order paid', match: '{{signal.payload.id}} === 5', timeout: '1d' }, ''],
    [{ type: 'signal', name: '' }, "name: name must not be empty (found '')"],
    [{ type: 'signal', name: '$done' }, "name: name cannot begin with 'xstate.' or '$' (found '$done')"],
    [{ type: 'signal', name: 5 }, 'name: name must be a string (found 5)'],
    [{ type: 'signal', name: 'x'.repeat(129) }, /^name: name is too long: expected at most 128 characters/],
    [
      { type: 'signal', name: 'paid-{{workflow.input.id}}' },
      "name: name cannot be a template: it is written out, such as 'order-paid' (found 'paid-{{workflow.input.id}}')",
    ],
    [{ type: 'signal', match: 5 }, 'match: match must be a condition as text (found 5)'],
    [{ type: 'signal', match: () => true }, /^match: match must be a condition as text \(found a function\)/],
    [{ type: 'signal', match: '{{signal.payload' }, /^match: /],
    [
      { type: 'signal', retry: { maxAttempts: 2 }, totalTimeout: 5 },
      [
        "retry: a signal step cannot have retry: it waits, there is nothing to try again; 'timeout' bounds the wait",
        "totalTimeout: a signal step cannot have totalTimeout: it has no attempts; 'timeout' bounds the wait",
      ].join('\n'),
    ],
    [{ type: 'signal', event: 'x' }, "event: unknown field 'event' of a signal step; the signal's name is 'name'"],
  ]);
});

describe('human', () => {
  const human: Data = { type: 'human', timeout: '1d' };
  const form = { type: 'object', properties: { score: { type: 'number' } } };
  table([
    [{ type: 'human' }, ''],
    [
      {
        type: 'human',
        title: 'Review {{workflow.input.topic}}',
        message: 'Please',
        form,
        assignees: ['kim', '{{workflow.input.owner}}'],
      },
      '',
    ],
    [{ ...human, assignees: '{{workflow.input.owners}}', onTimeout: 'approve' }, ''],
    [{ ...human, onTimeout: 'fail', form }, ''],
    [{ type: 'human', title: '' }, "title: title must not be empty (found '')"],
    [{ type: 'human', message: 5 }, 'message: message must be a string (found 5)'],
    [{ type: 'human', form: 'text' }, /^form: a schema must be a zod schema or a JSON Schema, found 'text'/],
    [{ type: 'human', form: { type: 'strin' } }, /^form: this is not a valid JSON Schema/],
    [{ type: 'human', form: { type: 'string' } }, /^form: form must be the schema of an object/],
    [{ type: 'human', form: true }, /^form: form must be the schema of an object/],
    [{ type: 'human', form: {} }, /^form: form must be the schema of an object/],
    [{ type: 'human', form: { anyOf: [form, form] } }, ''],
    [
      { type: 'human', form: { type: 'object', properties: { by: {} } } },
      "form: a form cannot have a field 'by': it says who gave the answer; choose another name",
    ],
    [
      { type: 'human', assignees: ['kim', 5] },
      "assignees[1]: assignees must be a list of names, or one text (expected a list such as ['kim', '{{workflow.input.owner}}'], found 5)",
    ],
    [{ type: 'human', assignees: [] }, /^assignees: assignees must be a list of names, .* found an empty list/],
    [{ type: 'human', assignees: '' }, /^assignees: assignees must be a list of names, or one text/],
    [{ type: 'human', onTimeout: 'fail' }, 'onTimeout: onTimeout needs timeout'],
    [
      { ...human, form, onTimeout: 'approve' },
      "onTimeout: 'approve' is an answer to the default form, and this step has a form of its own (expected 'fail' or a step id); to go to a step of this name, write { goto: 'approve' }",
    ],
    [
      { ...human, onTimeout: 5 },
      "onTimeout: onTimeout is not one of its forms (expected 'fail', 'approve', 'reject' or a step id, found 5)",
    ],
    [{ ...human, onTimeout: { goto: 5 } }, /^onTimeout: onTimeout is not one of its forms/],
    [{ ...human, retry: {} }, /^retry: a human step cannot have retry/],
    [
      { type: 'human', approvers: ['kim'] },
      "approvers: unknown field 'approvers' of a human step; who may answer is 'assignees'",
    ],
  ]);
});

describe('workflow', () => {
  const child: Data = { type: 'workflow', workflow: 'child' };
  table([
    [{ ...child, version: 2, input: { a: '{{workflow.input.a}}' }, mode: 'detach', onParentClose: 'cancel' }, ''],
    [{ ...child, retry: { maxAttempts: 2 }, totalTimeout: '1d' }, ''],
    [{ type: 'workflow' }, 'workflow: workflow is required: a workflow step needs it'],
    [{ type: 'workflow', workflow: '' }, "workflow: workflow must be the name of a workflow (found '')"],
    [
      { type: 'workflow', workflow: { name: 'child', definition: {} } },
      'workflow: workflow must be the name of a workflow (found an object)',
    ],
    [
      { type: 'workflow', workflow: '{{workflow.input.child}}' },
      'workflow: workflow cannot be a template: the child is chosen when the workflow is written; use a switch step with one workflow step per case',
    ],
    [{ ...child, version: 1.5 }, "version: version must be a text, such as '2' or '1.4' (found 1.5)"],
    [{ ...child, mode: 'detached' }, /^mode: mode is not one of the known values .* did you mean 'detach'\?$/],
    [{ ...child, onParentClose: 'terminate' }, /^onParentClose: onParentClose is not one of the known values/],
    [{ ...child, name: 'x' }, "name: unknown field 'name' of a workflow step; the child's name is 'workflow'"],
  ]);
});

describe('emit', () => {
  table([
    [{ type: 'emit', name: 'order-paid', payload: { id: '{{workflow.input.id}}' } }, ''],
    [{ type: 'emit' }, 'name: name is required: an emit step needs it'],
    [{ type: 'emit', name: 'xstate.init' }, /^name: name cannot begin with 'xstate\.' or '\$'/],
    [{ type: 'emit', name: '{{workflow.input.name}}' }, /^name: name cannot be a template/],
    [{ type: 'emit', name: 'x', data: 1 }, "data: unknown field 'data' of an emit step; the event's data is 'payload'"],
  ]);
});

describe('loop', () => {
  table([
    [{ ...loop, as: 'page', parallel: 3, onItemError: 'collect', maxIterations: 5 }, ''],
    [{ type: 'loop', while: true, steps: [{ id: 'x', ...wait }] }, ''],
    [{ type: 'loop', step: wait }, 'items: a loop step needs items (an array), while or until (a condition)'],
    [{ ...loop, while: 'true' }, 'while: a loop step has one of items, while and until, not both items and while'],
    [{ type: 'loop', items: [1] }, 'step: a loop step needs step (one step) or steps (a list)'],
    [{ ...loop, steps: [{ id: 'x', ...wait }] }, 'steps: a loop step has either step or steps, not both'],
    [{ ...loop, items: 'a, b' }, /^items: items must be an array, or one tag that gives an array/],
    [{ ...loop, items: 5 }, /^items: items must be an array/],
    [
      { type: 'loop', while: 'true', step: wait, parallel: true },
      'parallel: parallel needs items: rounds of a while loop build on each other',
    ],
    [
      { ...loop, parallel: 'yes' },
      "parallel: parallel must be true, false or a number of rounds (at least 1) (found 'yes')",
    ],
    [{ ...loop, parallel: 0 }, 'parallel: parallel must be at least 1 (found 0)'],
    [{ ...loop, maxConcurrency: 3 }, 'maxConcurrency: maxConcurrency needs parallel: true'],
    [{ ...loop, as: 'loop' }, /the item's name 'loop' is reserved/],
    [{ ...loop, maxIterations: 0 }, 'maxIterations: maxIterations must be at least 1 (found 0)'],
  ]);
});

describe('parallel, switch and transform', () => {
  const branch = { id: 'x', ...wait };
  table([
    [{ type: 'parallel', steps: [branch], failFast: true, maxConcurrency: 1, join: 'any' }, ''],
    [
      { type: 'parallel', steps: [branch], join: 2 },
      'join: join must be at most the number of branches (expected 1 to 1, found 2)',
    ],
    [
      { type: 'parallel', steps: [branch], join: 'some' },
      "join: join must be 'all', 'any' or a number of branches (at least 1) (found 'some')",
    ],
    [{ type: 'parallel', steps: [branch], failFast: 'yes' }, "failFast: failFast must be a boolean (found 'yes')"],
    [{ type: 'parallel', steps: [null] }, 'steps[0]: a step must be an object (found null)'],
    [{ type: 'switch', cases: { a: 'end' } }, 'value: value is required: a switch step needs it'],
    [
      { type: 'switch', value: 1, cases: ['a'] },
      'cases: cases must be an object: each value with its step (found a list of 1)',
    ],
    [
      { type: 'switch', value: 1, cases: { a: 5 } },
      "cases.a: cases.a must be a step id, a list of step ids, a step, or 'end' (found 5)",
    ],
    [
      { type: 'transform' },
      'transform: a transform step needs transform (a function) or template (data with templates)',
    ],
    [{ type: 'transform', transform: 5 }, 'transform: transform must be a function (found 5)'],
    [
      { type: 'transform', template: 1, input: 2 },
      'input: input is for the function; a template names what it needs itself',
    ],
    [{ type: 'transform', template: { $function: 'x' } }, ''],
    [{ type: 'transform', transform: { $function: 'x' } }, /reserved for stored definitions/],
  ]);
});

describe('fields of a workflow', () => {
  const steps = [{ id: 'a', ...wait }];
  const rows: readonly (readonly [data: unknown, expected: string | RegExp])[] = [
    [
      {
        id: 'wf',
        steps,
        version: 2,
        timeout: '1h',
        tags: ['x'],
        metadata: { a: 1 },
        templates: { missing: 'empty' },
        maxVisits: 5,
      },
      '',
    ],
    [[], 'a workflow definition must be an object (found an empty list)'],
    ['text', "a workflow definition must be an object (found 'text')"],
    [new Map(), 'a workflow definition must be an object (found an object of class Map)'],
    [
      { steps },
      "id: id is required: it is the name of the workflow (expected a text such as 'research-and-summarize')",
    ],
    [{ id: 5, steps }, 'id: the id of a workflow must be a string (found 5)'],
    [{ id: 'wf', name: 5, steps }, 'name: the name of a workflow must be a string (found 5)'],
    [{ id: 'wf', steps, version: 1.5 }, "version: version must be a text, such as '2' or '1.4' (found 1.5)"],
    [
      { id: 'wf', steps, templates: { missing: 'ignore' } },
      /^templates\.missing: templates\.missing is not one of the known values/,
    ],
    [
      { id: 'wf', steps, setTimeout: 5 },
      "setTimeout: unknown field 'setTimeout' of a workflow; in data it is 'timeout'",
    ],
    [{ id: 'wf', step: steps }, /unknown field 'step' of a workflow; did you mean 'steps'\?/],
    [{ id: 'wf', steps, onWorkflowStart: () => 1 }, /'onWorkflowStart' is a handler: functions cannot be data/],
    [{ id: 'wf', steps, state: 5 }, 'state: the initial state must be an object (found 5)'],
    [{ id: 'wf', steps, state: { n: '{{workflow.input.n}}' } }, /^state: the initial state cannot hold templates/],
    [
      { id: 'wf', steps, state: { n: 'x' }, stateSchema: { type: 'object', properties: { n: { type: 'number' } } } },
      /^state\.n: the initial state does not fit its schema: must be number/,
    ],
    [{ id: 'wf', steps, output: () => 1 }, /^output: functions cannot be data/],
    [{ id: 'wf', steps, onFailure: [] }, 'onFailure: onFailure has no steps: at least one step is needed'],
    [{ id: 'wf', steps, description: '\ud800' }, /^description: this text is not valid Unicode/],
  ];
  test.each(rows)('%j', (data, expected) => {
    const said = (parseDefinition(data).issues ?? []).map(formatIssue).join('\n');
    if (typeof expected === 'string') expect(said).toBe(expected);
    else expect(said).toMatch(expected);
  });
});

describe('the name, id and title of plain data', () => {
  const steps = [{ id: 'a', ...wait }];
  const uuid = '550e8400-e29b-41d4-a716-446655440000';
  test.each([
    [{ id: 'wf' }, { name: 'wf', id: null, title: null }],
    [
      { id: 'wf', name: 'My Flow' },
      { name: 'wf', id: null, title: 'My Flow' },
    ],
    [{ name: 'my-flow' }, { name: 'my-flow', id: null, title: null }],
    [{ name: 'My Flow' }, { name: 'my-flow', id: null, title: 'My Flow' }],
    [
      { id: uuid, name: 'my-flow' },
      { name: 'my-flow', id: uuid, title: null },
    ],
    [
      { id: uuid.toUpperCase(), name: 'Mein Übungsflow' },
      { name: 'mein-ubungsflow', id: uuid, title: 'Mein Übungsflow' },
    ],
    [{ id: uuid }, { name: uuid, id: uuid, title: null }],
    [
      { id: uuid, name: '工作流' },
      { name: uuid, id: uuid, title: '工作流' },
    ],
  ])('%j', (given, expected) => {
    const { definition, issues } = parseDefinition({ ...given, steps });
    expect(issues).toBeUndefined();
    expect(definition).toMatchObject(expected);
  });
});
