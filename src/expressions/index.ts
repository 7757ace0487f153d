/** The expressions room: paths, templates, conditions. Compiled at definition time, evaluated in runs. */
export { Choice } from '../core/choice.ts';
export { compileCondition, type Condition } from './condition.ts';
export type * from './condition/ast.ts';
export { functionNames, type ConditionFunction } from './condition/functions.ts';
export { defaultRoots, type ExpressionLimits, type ExpressionOptions } from './options.ts';
export { dataScope, parsePath, readOwn, type ParsePathOptions, type Path, type Scope } from './path.ts';
export {
  ExpressionSyntaxError,
  excerptAt,
  positionAt,
  type ExpressionErrorCode,
  type SyntaxProblem,
} from './syntax-error.ts';
export { compileTemplate, hasTags, type RenderOptions, type Template } from './template.ts';
export {
  compileValue,
  ExpressionErrors,
  type PathPlace,
  type ValueMistake,
  type ValueTemplate,
} from './value-template.ts';
