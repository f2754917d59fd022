// Plain JavaScript: jest's global tear-down loads this file by Node itself, which knows no TypeScript.

/** What is secret whatever its value, by its form. The first group is the secret. */
const SHAPES = [
  ["a token", /\b(eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})/],
  ["a bearer token", /\bBearer\s+([\w.~+/-]{8,})/i],
  ["the signature of a URL", /[?&]signature=([\w.~-]{8,})/i],
  ["a signature of the S3 store", /X-Amz-Signature=([0-9a-f]{16,})/i],
  ["a password in a URL", /\b[a-z][a-z0-9+]*:\/\/[^\s/:@"]*:([^\s/@"*]+)@/i],
  ["a hash of a password", /(\$argon2\w*\$[^\s"]{10,})/],
];

/** Shorter parts of secrets are in too many texts. */
const SHORTEST = 16;
const RUNS = new RegExp(`[\\w-]{${SHORTEST},}`, "g");

/**
 * The log lines that contain a secret: one of the list, by any of its parts of 16 or more letters, digits, `-` and `_`,
 * or whole if it has none, or anything that has the form of one.
 *
 * @param {Iterable<string>} lines
 * @param {Iterable<string>} secrets
 * @returns {{ what: string, line: string }[]}
 */
export function findLeaks(lines, secrets) {
  const parts = new Set();
  const whole = new Set();
  for (const secret of secrets) {
    const runs = secret.match(RUNS);
    if (runs) for (const run of runs) parts.add(run);
    else if (secret !== "") whole.add(secret);
  }
  const leaks = [];
  for (const line of lines)
    for (const text of forms(line)) {
      const leak = leakIn(text, parts, whole);
      if (!leak) continue;
      leaks.push(leak);
      break;
    }
  return leaks;
}

/** As it is, and decoded if it is encoded like a part of a URL. */
function forms(line) {
  if (!line.includes("%")) return [line];
  try {
    return [line, decodeURIComponent(line)];
  } catch {
    return [
      line,
      line.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16))),
    ];
  }
}

function leakIn(text, parts, whole) {
  for (const [what, shape] of SHAPES) {
    const secret = shape.exec(text)?.[1];
    if (secret) return { what, line: masked(text, secret) };
  }
  for (const [run] of text.matchAll(RUNS))
    if (parts.has(run)) return { what: "a secret that a test has noted", line: masked(text, run) };
  for (const secret of whole)
    if (text.includes(secret)) return { what: "a secret that a test has noted", line: masked(text, secret) };
  return null;
}

const LONGEST = 600;

const masked = (line, secret) => line.replaceAll(secret, `${secret.slice(0, 4)}…`).slice(0, LONGEST);
