import { expect } from 'vitest';

/** Templates with expected results. Ids are stable names. */
const input = { topic: 'T', zero: 0, f: false, nil: null, empty: '', obj: { a: 1 }, arr: [1, 2] };
export const caseData = { workflow: { input }, steps: { s1: { output: 'R' } } };

export interface RenderCase {
  readonly id: string;
  readonly template: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly renders: unknown;
}

export const rendered: readonly RenderCase[] = [
  { id: 'TPL-012 in text', template: '[{{workflow.input.nil}}]', renders: '[]' },
  { id: 'TPL-012 alone', template: '{{workflow.input.nil}}', renders: null },
  { id: 'TPL-013', template: '{{workflow.input.zero}}|{{workflow.input.f}}', renders: '0|false' },
  { id: 'TPL-014', template: 'is {{workflow.input.obj}}', renders: 'is {"a":1}' },
  {
    id: 'TPL-016',
    template: 'Say "{{workflow.input.topic}}" & <go>',
    data: { workflow: { input: { topic: `a"b<c>&d'/=\`` } } },
    renders: `Say "a"b<c>&d'/=\`" & <go>`,
  },
  { id: 'TPL-020', template: '{{{workflow.input.topic}}}', renders: 'T' },
  { id: 'TPL-027', template: '{{#workflow.input.obj}}{{workflow.input.topic}}{{/workflow.input.obj}}', renders: 'T' },
  {
    id: 'SEC-TPL-04',
    template: '{{#workflow.input.matrix}}{{reverse}}{{pop}}{{/workflow.input.matrix}}',
    data: { workflow: { input: { matrix: [[1, 2, 3]] } } },
    renders: '',
  },
  { id: 'SEC-TPL-07', template: '{{workflow.constructor.name}}', renders: undefined },
  {
    id: 'SEC-TPL-11',
    template: '{{workflow.input.fn}}',
    data: { workflow: { input: { fn: () => expect.unreachable('called') } } },
    renders: undefined,
  },
  {
    id: 'SEC-TPL-13',
    template: '{{workflow.input.x}}!',
    data: { workflow: { input: { x: '{{#__proto__}}{{arr.pop}}{{/__proto__}}' } } },
    renders: '{{#__proto__}}{{arr.pop}}{{/__proto__}}!',
  },
  {
    id: 'prototype pollution through sections',
    template:
      '{{#workflow.input.o}}{{#__proto__}}{{arr.pop}}x{{/__proto__}}{{#constructor}}y{{/constructor}}{{/workflow.input.o}}',
    data: { workflow: { input: { o: { arr: [1] } } } },
    renders: '',
  },
  {
    id: 'functions in sections',
    template: '{{#workflow.input.items}}{{#f}}x{{/f}}{{f}}{{g}}{{/workflow.input.items}}',
    data: {
      workflow: {
        input: {
          items: [
            {
              f: () => 'called',
              get g() {
                return 'called';
              },
            },
          ],
        },
      },
    },
    renders: '',
  },
];

export interface RefusedTemplate {
  readonly id: string;
  readonly template: string;
  readonly says: readonly RegExp[];
}

export const refused: readonly RefusedTemplate[] = [
  { id: 'TPL-001', template: 'Hello {{workflow.input.topic', says: [/unclosed tag/] },
  { id: 'TPL-004', template: '{{#workflow.a}}{{/b}}', says: [/section 'workflow.a' is not closed before 'b'/] },
  { id: 'TPL-004 unknown', template: '{{#a}}{{/b}}', says: [/unknown root 'a'/] },
  { id: 'TPL-005', template: '{{}}', says: [/empty/] },
  { id: 'TPL-008', template: '{{workflow["input"]}}', says: [/not a valid name/] },
  { id: 'TPL-009', template: '{{foo.bar}}', says: [/unknown root 'foo'/, /workflow/, /steps/, /env/] },
  { id: 'TPL-018', template: '{{=<% %>=}}<% workflow.input.topic %>', says: [/delimiters/, /not supported/] },
  { id: 'TPL-019', template: '{{> header}}', says: [/partials are not supported/] },
  { id: 'TPL-021', template: `{{a${' '.repeat(80_000)}`, says: [/unclosed tag/] },
  {
    id: 'TPL-021 closed',
    template: `{{a${' '.repeat(80_000)}b}}`,
    says: [/too long/, /limit 1,000, option 'maxTagLength'/],
  },
  { id: 'TPL-022', template: 'x'.repeat(5_000_000), says: [/too long/, /limit 100,000, option 'maxTemplateLength'/] },
  {
    id: 'SEC-TPL-02',
    template: '{{#constructor.prototype}}{{arr.unshift}}{{/constructor.prototype}}',
    says: [/unknown root 'constructor'/],
  },
  { id: 'SEC-TPL-05', template: '{{#o}}{{arr.join}}{{/o}}', says: [/unknown root 'o'/] },
  { id: 'SEC-TPL-06', template: '{{constructor.__proto__.constructor}}', says: [/unknown root 'constructor'/] },
  { id: 'SEC-TPL-08', template: '{{__defineGetter__}}', says: [/unknown root '__defineGetter__'/] },
  { id: 'SEC-TPL-12', template: '{{> toString}}', says: [/partials are not supported/] },
];
