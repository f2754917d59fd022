/** Which of several hosts the next connection goes to: the one that worked last, until it fails. */
export interface HostRotation {
  readonly current: number;
  /** Moves on to the next host, unless another caller already has. @param failed the host that was tried */
  skip(failed: number): void;
}

export function createHostRotation(hosts: number): HostRotation {
  let current = 0;
  return {
    get current() {
      return current;
    },
    skip(failed) {
      if (current === failed) current = (failed + 1) % hosts;
    },
  };
}
