import type { Source } from "../kit/source.js";
import { oddText, oddValue } from "./odd-values.js";

/** Header lines of a part that is none, or another. */
export const ODD_HEADERS: readonly ((source: Source) => string)[] = [
  () => "",
  () => "Content-Disposition: form-data",
  () => "Content-Disposition: attachment; name=x",
  () => 'Content-Disposition: form-data; name="operations',
  () => "Content-Disposition: form-data; name=operations; name=map",
  (source) => `Content-Disposition: form-data; name="${oddText(source)}"; filename="${oddText(source)}"`,
  (source) =>
    `Content-Disposition: form-data; name="0"; filename*=${source.one(["utf-8''%ff%fe", "iso-8859-1'en'%A3", "utf-16''%00", "utf-8''%", "''", "x", "utf-8'x'a%00b.txt"])}`,
  (source) => `Content-Disposition: form-data; name="0"; filename="${"x".repeat(source.size(20_000))}"`,
  (source) =>
    `Content-Disposition: form-data; name="0"; ${'a="b"; '.repeat(source.size(1_000))}filename=a.txt`,
  (source) => `${"X-Header: y\r\n".repeat(source.size(2_500))}Content-Disposition: form-data; name="0"`,
  () => 'Content-Disposition: form-data;\r\n name="0";\r\n\tfilename="a.txt"',
  () => 'Content-Disposition: form-data; name="0"; filename="a.txt"\r\nContent-Transfer-Encoding: base64',
  () => 'Content-Disposition: form-data; name="map"\r\nContent-Type: application/json; charset=utf-16',
  () => 'Content-Disposition: form-data; name="0"\r\nContent-Type: multipart/mixed; boundary=inner',
  () => 'Content-Disposition: form-data; name="operations"; filename="a.json"',
  () => "Content-Disposition : form-data ; name = 0",
  () => "\0: \0",
  () => ": x",
  () => 'Content-Disposition: form-data; name="\\"\\\\"; filename="..\\\\..\\\\a.txt"',
];

/** Paths of a map that lead elsewhere, or nowhere. */
const ODD_PATHS = [
  "",
  ".",
  "..",
  "variables",
  "variables.i",
  "variables.i.files",
  "variables.i.files.-1",
  "variables.i.files.999999999",
  "variables.i.files.0.0",
  "variables.i.__proto__.file",
  "__proto__.file",
  "constructor.prototype.file",
  "query",
  "0.variables.i.file",
  "variables.i.file.length",
  "variables.i.bucket",
  "extensions.file",
];

/** A `map` that leads elsewhere, or is none. */
export function oddMap(source: Source): unknown {
  const entries = (count: number, paths: () => unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [n, paths()]));
  return source.one<() => unknown>([
    () => oddValue(source),
    () => entries(source.size(20_000), () => ["variables.i.file"]),
    () => ({ 0: Array.from({ length: source.size(20_000) }, () => "variables.i.file") }),
    () => ({ 0: ["variables.i.file", "variables.i.file"], 1: ["variables.i.file"] }),
    () => entries(source.int(1, 12), () => [source.one(ODD_PATHS)]),
    () => ({ [oddText(source)]: ["variables.i.file"] }),
    () => ({ 0: [`variables${".a".repeat(source.size(5_000))}`] }),
    () => ({ 0: ["variables.i.file", oddValue(source)] }),
    () => "{",
    () => `{"0":["variables.i.file"],"0":["variables.i.files.0"]}`,
  ])();
}

/** `operations` that take other files, or are none. */
export function oddOperations(source: Source): unknown {
  return source.one<() => unknown>([
    () => oddValue(source),
    () => "{",
    () => [{ query: "{ __typename }" }, { query: "{ __typename }" }],
    () => ({ query: "{ __typename }" }),
    () => ({ query: "{ __typename }", variables: oddValue(source) }),
    () => ({ query: oddText(source), variables: { i: { file: null } } }),
    () => ({ query: "mutation ($i: [Upload!]) { __typename }", variables: { i: [null] } }),
    () => ({ query: "query ($i: Upload) { __typename @include(if: $i) }", variables: { i: { file: null } } }),
    () => `{"query":"{ __typename }","variables":{"__proto__":{"file":null}}}`,
    () => `{"query":"{ __typename }"${" ".repeat(source.size(1_200_000))}}`,
  ])();
}
