/** Whether the fields that are read are in the schemas of what they are read from. Owns the schemas of answers, people's too. */
import type { Tree } from '../definition/checks/tree.ts';
import { quote } from '../definition/describe.ts';
import type { Step, WorkflowDefinition } from '../definition/definition.ts';
import type { Path } from '../expressions/path.ts';
import type { Finding } from './finding.ts';
import { placeOf, stepsRead, type Reference } from './references.ts';
import { placeIn } from './schema-shape.ts';
import { outputSchema } from './values-to-try.ts';

export function unknownFields(tree: Tree, definition: WorkflowDefinition, reference: Reference): readonly Finding[] {
  return reference.paths.flatMap((path): readonly Finding[] => {
    const known = schemaFor(tree, definition, path);
    if (known === null) return [];
    const there = placeIn(known.schema, known.rest);
    const base = { path: reference.path, way: [], moves: [] };
    if (there.kind === 'absent') {
      return [
        {
          ...base,
          code: 'UNKNOWN_OUTPUT_FIELD',
          severity: 'error',
          message: `${placeOf(reference)} reads {{${path.source}}}, but the schema of ${known.what} has no ${quote(there.at)}`,
          hint: there.known.length === 0 ? 'it has no fields' : `it has ${there.known.map(quote).join(', ')}`,
        },
      ];
    }
    const mustBe =
      reference.paths.length === 1 &&
      (reference.use === 'text' || reference.use === 'prompt' || reference.use === 'needed');
    if (there.kind !== 'there' || there.isRequired || !mustBe || definition.missing === 'empty') return [];
    return [
      {
        ...base,
        code: 'OPTIONAL_FIELD',
        severity: 'warning',
        message: `${placeOf(reference)} reads {{${path.source}}}, which the schema of ${known.what} does not require`,
        hint: `require it in the schema, or give a last resort: {{${path.source}}} || "none"`,
      },
    ];
  });
}

function schemaFor(
  tree: Tree,
  definition: WorkflowDefinition,
  path: Path,
): { readonly schema: unknown; readonly rest: readonly string[]; readonly what: string } | null {
  const [root, name, ...below] = path.segments;
  if (root === 'workflow' && name === 'input' && definition.input !== null && below.length > 1)
    return { schema: definition.input.json, rest: below, what: 'the input' };
  const read = stepsRead(tree, path);
  const [only] = read;
  if (only === undefined || read.length > 1 || only.rest.length === 0) return null;
  const schema = answerSchema(only.step);
  return schema === null || isReplaced(definition, only.step)
    ? null
    : { schema, rest: only.rest, what: `step ${quote(only.step.id)}` };
}

/** An output that a recovery, a substitute or a handler may have put there is not bound by the step's schema. */
function isReplaced({ stepHandlers }: WorkflowDefinition, { onError }: Step): boolean {
  return onError.kind === 'output' || onError.kind === 'recover' || stepHandlers.some(({ event }) => event !== 'start');
}

const defaultForm = {
  type: 'object',
  properties: { decision: { enum: ['approve', 'reject'] }, comment: { type: 'string' }, by: {} },
  required: ['decision'],
};

/** The schema of what a step gives, of a person's answer too; null when nothing is said. */
export function answerSchema(step: Step): unknown {
  if (step.type === 'agent' || step.type !== 'human') return outputSchema(step);
  if (step.form === null) return defaultForm;
  const json = step.form.json as Readonly<Record<string, unknown>>;
  const { properties } = json as { readonly properties?: object };
  return properties === undefined ? json : { ...json, properties: { ...properties, by: {} } };
}
