import type { Observe } from "../telemetry/observe.js";
import type { Job } from "./job.js";

/** The same jobs, each of whose runs is observed under the name of its job. */
export const observeJobs = (jobs: readonly Job[], observe: Observe): readonly Job[] =>
  jobs.map((job) => ({
    ...job,
    run: (data, signal) => observe(job.name, () => job.run(data, signal)),
  }));
