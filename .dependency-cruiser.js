/**
 * Who may import whom (CONTRIBUTING.md, "Project layout"). Type imports count.
 *
 * @type {import("dependency-cruiser").IConfiguration}
 */
export default {
  forbidden: [
    {
      name: "kernel-is-pure",
      comment: "kernel/ imports nothing of ours but itself.",
      severity: "error",
      from: { path: "^src/kernel/" },
      to: { path: "^src/(?!kernel/)" },
    },
    {
      name: "platform-has-no-business-words",
      comment: "platform/ imports kernel/ alone.",
      severity: "error",
      from: { path: "^src/platform/" },
      to: { path: "^src/(?!platform/|kernel/)" },
    },
    {
      name: "modules-do-not-know-the-app",
      severity: "error",
      from: { path: "^src/modules/" },
      to: { path: "^src/(app/|main\\.ts$)" },
    },
    {
      name: "app-does-not-know-main",
      severity: "error",
      from: { path: "^src/app/" },
      to: { path: "^src/main\\.ts$" },
    },
    {
      name: "modules-are-ordered",
      comment:
        "identity ← media ← attachments ← { tickets, chat }: a module imports only from those left of it.",
      severity: "error",
      from: { path: "^src/modules/identity/" },
      to: { path: "^src/modules/(media|attachments|tickets|chat)/" },
    },
    {
      name: "modules-are-ordered",
      severity: "error",
      from: { path: "^src/modules/media/" },
      to: { path: "^src/modules/(attachments|tickets|chat)/" },
    },
    {
      name: "modules-are-ordered",
      severity: "error",
      from: { path: "^src/modules/attachments/" },
      to: { path: "^src/modules/(tickets|chat)/" },
    },
    {
      name: "modules-are-ordered",
      comment:
        "The audit log is written everywhere (identity/audit), and read at one place, which nothing depends on.",
      severity: "error",
      from: { path: "^src/modules/(identity|media|attachments|tickets|chat)/" },
      to: { path: "^src/modules/audit-log/" },
    },
    {
      name: "modules-are-ordered",
      comment:
        "Webhooks get what the event log contains, and know no module but identity; nothing depends on them.",
      severity: "error",
      from: { path: "^src/modules/(identity|media|attachments|tickets|chat|audit-log)/" },
      to: { path: "^src/modules/webhooks/" },
    },
    {
      name: "modules-are-ordered",
      severity: "error",
      from: { path: "^src/modules/webhooks/" },
      to: { path: "^src/modules/(media|attachments|tickets|chat|audit-log)/" },
    },
    {
      name: "siblings-do-not-know-each-other",
      severity: "error",
      from: { path: "^src/modules/(tickets|chat)/" },
      to: { path: "^src/modules/(tickets|chat)/", pathNot: "^src/modules/$1/" },
    },
    {
      name: "only-repositories-know-the-database",
      comment: "In the modules, Drizzle is for tables, repositories and loaders.",
      severity: "error",
      from: { path: "^src/modules/", pathNot: "\\.(tables|repository|loaders)\\.ts$" },
      to: { path: "node_modules/(drizzle-orm|postgres)/" },
    },
    {
      name: "services-record-events",
      comment: "Repositories only read and write, and audit helpers only audit.",
      severity: "error",
      from: { path: "^src/modules/.*\\.(repository|audit)\\.ts$" },
      to: { path: "\\.events\\.ts$|^src/platform/events/log/record-event\\.ts$" },
    },
    {
      name: "metrics-in-files-of-their-own",
      comment: "Code is measured from outside, so that it does not know the metrics.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/platform/metrics/|\\.metrics\\.ts$" },
      to: { path: "node_modules/prom-client/" },
    },
    {
      name: "traces-in-one-place",
      comment: "Code is traced from outside, so that nothing of OpenTelemetry is loaded without traces.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/platform/tracing/|^src/app/wiring/traces\\.ts$" },
      to: { path: "node_modules/@opentelemetry/" },
    },
    {
      name: "no-cycles-between-files",
      severity: "error",
      from: { path: "^src/" },
      to: { circular: true },
    },
    {
      name: "no-cycles-between-folders",
      severity: "error",
      scope: "folder",
      from: { path: "^src/" },
      to: { circular: true },
    },
    {
      name: "no-development-dependencies",
      comment: "What the server needs at run time stands under `dependencies`.",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".mjs", ".cjs"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
