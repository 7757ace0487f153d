/**
 * Properties are checked with the same cases in every run, so that a change is judged by what it changes. Others:
 * `FC_SEED=4711 npx vitest run <file>`.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20_261_122) });
