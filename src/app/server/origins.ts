import type { Config } from "../../platform/config/config.js";

/** Origins of the web apps that may call the API; in development also every origin on this machine. */
export const originsOf = (config: Pick<Config, "CORS_ORIGINS" | "isProduction">): string[] => [
  ...config.CORS_ORIGINS,
  ...(config.isProduction ? [] : ["loopback"]),
];
