import type { Scanner } from "./scanner.js";

/** The scanner of an installation without one: it reports every file as not scanned. */
export const scannerOff: Scanner = {
  isOn: false,
  scan: async () => ({ status: "not-scanned" }),
  async check() {},
};
