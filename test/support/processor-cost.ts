const REFERENCE_BYTES = 4 * 1024 * 1024;
const reference = Buffer.alloc(REFERENCE_BYTES, 7);

/** Milliseconds of the processor that this process spends while something runs. */
async function processorMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function readThrough(): number {
  const bytes = reference;
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum = (sum + bytes[at]!) | 0;
  return sum;
}

/**
 * What some work costs, in units of reading 4 MiB byte by byte in this process at the same time: some milliseconds of a
 * quiet processor. A busy machine makes both dearer, so that the figure stays the same where milliseconds do not.
 *
 * @param bound the work is done up to fifteen times, until it costs less than this
 * @returns the least that it cost
 */
export async function leastCost(work: () => unknown, bound: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 15 && least >= bound; tries++) {
    const before = await processorMs(readThrough);
    const cost = await processorMs(work);
    const after = await processorMs(readThrough);
    least = Math.min(least, cost / Math.max(before, after));
  }
  return least;
}
