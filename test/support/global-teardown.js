// biome-ignore lint/style/noDefaultExport: jest asks for one
export default async function globalTeardown() {
  await globalThis.stopTestCluster?.();
  await globalThis.removeDemoFolder?.();
}
