/** @type {import("jest").Config} */
export default {
  testEnvironment: "<rootDir>/test/support/environment.js",
  roots: ["<rootDir>/test"],
  // A suite loads the server's modules once for all of its files, which takes longer than most files' tests.
  testMatch: ["**/suites/*.suite.ts"],
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: {
          target: "es2022",
          parser: { syntax: "typescript", decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  globalSetup: "<rootDir>/test/support/global-setup.js",
  globalTeardown: "<rootDir>/test/support/global-teardown.js",
  testSequencer: "<rootDir>/test/support/sequencer.js",
  // Many wait for processes, heartbeats and clocks: with one worker, as jest takes on two cores, they would wait in a row.
  maxWorkers: 2,
  // Tests of one file that run at the same time (`it.concurrent`) mostly wait as well.
  maxConcurrency: 8,
  // Only what hangs takes so long, however busy the machine.
  testTimeout: 300_000,
  coverageProvider: "v8",
  collectCoverageFrom: ["src/**/*.ts"],
  coverageReporters: ["text-summary", "json-summary", "lcov"],
  coverageThreshold: { global: { lines: 85 } },
};
