import { isPromise } from "node:util/types";
import type { Observe } from "../telemetry/observe.js";
import type { Storage } from "./storage.js";

/**
 * The same storage, each of whose operations is observed under the name of its method; those of the trash as
 * `trash.<method>`, of multipart uploads as `multipart.<method>`. Iterations (`walk`) are not observed: their time is that of their caller.
 */
export const observeStorage = (storage: Storage, observe: Observe): Storage => ({
  ...observeMethods(storage, "", observe),
  trash: observeMethods(storage.trash, "trash.", observe),
  multipart: storage.multipart && observeMethods(storage.multipart, "multipart.", observe),
});

/** Whatever the port gains is observed too. */
function observeMethods<Port extends object>(port: Port, prefix: string, observe: Observe): Port {
  const observed = Object.entries(port).map(([name, member]) => {
    if (typeof member !== "function") return [name, member];
    const operation = prefix + name;
    return [
      name,
      (...args: unknown[]) => {
        const result: unknown = Reflect.apply(member, port, args);
        return isPromise(result) ? observe(operation, () => result) : result;
      },
    ];
  });
  return Object.fromEntries(observed) as Port;
}
