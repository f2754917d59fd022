/** The figures of one scrape. */
export interface Scraped {
  /** Names of all metrics, also of those without a figure yet. */
  readonly names: readonly string[];
  /** Lines with a figure. */
  readonly series: readonly string[];
  /** The sum of the figures of this name with these labels; 0 if there is none. */
  figure(name: string, labels?: Readonly<Record<string, string>>): number;
}

/** Scrapes the metrics of a process, as Prometheus does. */
export async function readMetrics(url: string | null): Promise<Scraped> {
  const response = await fetch(url ?? "metrics are not served");
  const text = await response.text();
  if (response.status !== 200) throw new Error(`metrics are answered with ${response.status}: ${text}`);
  const lines = text.split("\n");
  const series = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return {
    names: lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []),
    series,
    figure(name, labels = {}) {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      const found = series.filter((line) => {
        const [, found, own = ""] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
        return found === name && wanted.every((label) => `,${own}`.includes(`,${label}`));
      });
      return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
    },
  };
}

/** The scrapes before and after what is done. */
export async function aroundMetrics(url: string | null, act: () => Promise<unknown>) {
  const before = await readMetrics(url);
  await act();
  const after = await readMetrics(url);
  return {
    before,
    after,
    /** By how much a figure has grown. */
    growth: (name: string, labels?: Readonly<Record<string, string>>) =>
      after.figure(name, labels) - before.figure(name, labels),
  };
}
