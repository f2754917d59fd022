import type { Services } from "./services.js";

/** A resolver class and its factory. */
export type ResolverEntry = readonly [new (...args: never[]) => object, (services: Services) => object];
