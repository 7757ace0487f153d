import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/types/**'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // What is expected of types is said to the compiler alone; mistakes elsewhere are found by `npm run check:types`.
    typecheck: { enabled: true, include: ['test/types/**/*.test.ts'], ignoreSourceErrors: true },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'machines/**/*.ts'],
      exclude: ['**/templates/**'],
      reporter: ['text', 'json-summary'],
      reportsDirectory: 'coverage',
      reportOnFailure: true,
    },
  },
});
