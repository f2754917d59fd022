export const KIB = 1024;
export const MIB = 1024 * KIB;

/** A byte count for people: `512 bytes`, `1.5 KiB`, `50 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < KIB) return `${bytes} byte${bytes === 1 ? "" : "s"}`;
  const [size, unit] = bytes < MIB ? [bytes / KIB, "KiB"] : [bytes / MIB, "MiB"];
  return `${Number.isInteger(size) ? size : size.toFixed(1)} ${unit}`;
}
