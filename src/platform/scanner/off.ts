import type { Scanner } from "./scanner.js";

/** The scanner of an installation without one: it looks at nothing and says so. */
export const scannerOff: Scanner = { scan: async () => ({ status: "not-scanned" }) };
