import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'jsdom',
    // For what hangs: a machine that is busy is slow.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    include: ['src/__tests__/**/*.spec.ts'],
    setupFiles: ['src/__tests__/setup.ts'],
    restoreMocks: true,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/__tests__/**', 'src/tokens.ts', 'src/**/*.d.ts'],
      reporter: ['text'],
      thresholds: {
        lines: 80,
        'src/lab/service.ts': { 100: true }
      }
    }
  }
});
