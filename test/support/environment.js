// Plain JavaScript: jest loads this file by Node itself, which knows neither TypeScript nor our import endings.
import NodeEnvironment from "jest-environment-node";

// Jest gives a worker half a second to end, and warns of a leak after that. Freeing the contexts of a whole suite one by
// one takes longer. Nothing is hidden: Node emits this event when no handle is open any more.
process.once("beforeExit", () => process.exit());

/** Jest's own environment for Node, in a worker that ends at once when it has nothing left to do. */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default class extends NodeEnvironment {}
