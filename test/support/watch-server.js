// Plain JavaScript: run by Node itself, as a process of its own, so that nothing that the tests do holds it up.
// Asks a server for its health and, as one of its people, for a list, in turn; on each line of its input it prints
// what it has seen since the line before.
import { createInterface } from "node:readline";

const [url, authorization, body] = process.argv.slice(2);
let seen = { health: [], list: [], failures: [] };

async function ask(path, init, into) {
  const start = performance.now();
  const response = await fetch(url + path, init).catch((error) => ({
    status: 0,
    text: async () => String(error),
  }));
  const text = await response.text();
  if (response.status !== 200 || text.includes('"errors"'))
    seen.failures.push(`${path} ${response.status} ${text.slice(0, 300)}`);
  else seen[into].push(performance.now() - start);
}

async function askForEver(path, init, into) {
  for (;;) {
    await ask(path, init, into);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

createInterface({ input: process.stdin })
  .on("line", () => {
    process.stdout.write(`${JSON.stringify(seen)}\n`);
    seen = { health: [], list: [], failures: [] };
  })
  .on("close", () => process.exit());
askForEver("/healthz", {}, "health");
askForEver(
  "/graphql",
  { method: "POST", headers: { authorization, "content-type": "application/json" }, body },
  "list",
);
