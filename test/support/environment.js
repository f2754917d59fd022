// Plain JavaScript: jest loads this file by Node itself, which knows neither TypeScript nor our import endings.
import v8 from "node:v8";
import vm from "node:vm";
import NodeEnvironment from "jest-environment-node";

// Jest gives a worker half a second to end, and warns of a leak after that. Freeing the contexts of a whole suite one by
// one takes longer. Nothing is hidden: Node emits this event when no handle is open any more.
process.once("beforeExit", () => process.exit());

// Most of a suite's code runs a few times. By default V8 optimizes so early that the compiler takes a tenth of the
// processor time, which the optimized code does not win back before the suite ends. The default is 135168 (bytes of bytecode).
v8.setFlagsFromString("--interrupt-budget=600000");

const { createContext } = vm;

/** Jest's own environment for Node, in a worker that ends at once when it has nothing left to do. */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default class extends NodeEnvironment {
  /**
   * Jest puts a proxy in place of the global object, to tidy it up afterwards: each `Object` or `Promise` in the code of
   * the server then calls a function of jest's, which took a fifth of a suite's processor time. This one is a plain object.
   */
  constructor(config, context) {
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
  }
}
