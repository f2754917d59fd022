import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../src/kernel/package-root.js";
import type { Outcome } from "./door.js";
import type { RawAnswer } from "./raw-http.js";

/** What the documentation promises, and what no client may see: faults of ours. */
const KNOWN = new Set(
  [...readFileSync(join(packageRoot, "docs", "errors.md"), "utf8").matchAll(/`([A-Z][A-Z_]{3,})`/g)].map(
    ([, code]) => code!,
  ),
);
const FAULTS = new Set(["INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMED_OUT", "INSUFFICIENT_STORAGE"]);
const STACK = /\n\s+at |node_modules\/|file:\/\/|\/(?:src|dist)\/[a-z]/;
/** A longer answer than any error's, cut for reports. */
const SHOWN = 400;

interface ToldError {
  readonly message?: unknown;
  readonly extensions?: { readonly code?: unknown; readonly status?: unknown };
}

/** Whether an answer over HTTP is one that the documentation promises. */
export function judgeAnswer(answer: RawAnswer | "closed" | "silent", { isGraphQL = false } = {}): Outcome {
  if (typeof answer === "string") return { said: answer, problem: `no answer: ${answer}` };
  const { status, headers, body } = answer;
  const said = (code: string) => `${status}${code && ` ${code}`}`;
  const wrong = (problem: string): Outcome => ({
    said: said("!"),
    problem: `${problem}: ${status} ${body.toString("utf8", 0, SHOWN)}`,
  });
  if (!(status >= 100 && status < 500)) return wrong("status");
  if (body.length === 0 || status < 300 ? !isGraphQL || body.length === 0 : false)
    return { said: said(""), problem: null, isAccepted: status < 300 };
  if (!/^application\/(?:graphql-response\+)?json\b/.test(headers.get("content-type") ?? ""))
    return status < 400
      ? { said: said("other"), problem: null, isAccepted: status < 300 }
      : wrong("not JSON");
  return judgeJson(body.toString("utf8"), isGraphQL, wrong, said);
}

function judgeJson(
  text: string,
  isGraphQL: boolean,
  wrong: (problem: string) => Outcome,
  said: (code: string) => string,
): Outcome {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return wrong("broken JSON");
  }
  const { errors, error } = Object(parsed) as {
    errors?: readonly ToldError[];
    error?: Record<string, unknown>;
  };
  const told = isGraphQL ? (errors ?? []) : error ? [{ message: error.message, extensions: error }] : null;
  if (told === null) return wrong("no error in the body");
  const problem = problemIn(told);
  return problem
    ? wrong(problem)
    : {
        said: said(String(told[0]?.extensions?.code ?? "")),
        problem: null,
        isAccepted: isGraphQL && told.length === 0,
      };
}

/** What is wrong with errors that a client was told; null if nothing is. */
export function problemIn(errors: readonly ToldError[]): string | null {
  for (const { message, extensions } of errors) {
    const { code, status } = extensions ?? {};
    if (typeof code !== "string" || !KNOWN.has(code)) return `unknown code ${code}`;
    if (FAULTS.has(code) || !(Number(status) < 500)) return `fault ${code} ${status}`;
    if (typeof message !== "string" || message === "") return "no message";
    if (STACK.test(message)) return "stack trace";
  }
  return null;
}
