/** A multipart request as one client library makes it, to the byte, but for the boundary's random part. */
export interface ClientRequest {
  readonly client: string;
  /** As it stands in `Content-Type`; quoted where the client quotes it. */
  readonly boundary: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Header lines of the parts `operations` and `map`; without any, those of a browser. */
  readonly field?: (name: string, content: string) => readonly string[];
  /** Header lines of the file's part. */
  readonly file: readonly string[];
  /** The file's name as it is stored. */
  readonly stored: string;
  /** Paths in `map`, and the variable, where they are not the usual ones. */
  readonly path?: string;
  readonly list?: boolean;
  /** The order of the parts, if it is another one. */
  readonly chunked?: boolean;
}

const browserField = (name: string) => [`Content-Disposition: form-data; name="${name}"`];
const okHttpField = (name: string, content: string) => [
  `Content-Disposition: form-data; name="${name}"`,
  `Content-Length: ${Buffer.byteLength(content)}`,
];
const apolloKotlinField = (name: string, content: string) => [
  `Content-Disposition: form-data; name="${name}"`,
  "Content-Type: application/json",
  `Content-Length: ${Buffer.byteLength(content)}`,
];
const dartField = (name: string) => [
  `content-disposition: form-data; name="${name}"`,
  "content-type: text/plain; charset=utf-8",
  "content-transfer-encoding: binary",
];
const aiohttpField = (name: string) => [
  "Content-Type: text/plain; charset=utf-8",
  `Content-Disposition: form-data; name="${name}"`,
];
const dotNetField = (name: string) => [
  "Content-Type: text/plain; charset=utf-8",
  `Content-Disposition: form-data; name=${name}`,
];
const springField = (name: string, content: string) => [
  `Content-Disposition: form-data; name="${name}"`,
  "Content-Type: text/plain;charset=UTF-8",
  `Content-Length: ${Buffer.byteLength(content)}`,
];
const ktorField = (name: string, content: string) => [
  `Content-Disposition: form-data; name=${name}`,
  `Content-Length: ${Buffer.byteLength(content)}`,
];

const APOLLO_IOS = { "x-apollo-operation-name": "Upload", "x-apollo-operation-type": "mutation" };
const disposition = (parameters: string) => `Content-Disposition: form-data; name="0"; ${parameters}`;
const TEXT = "Content-Type: text/plain";

export const CLIENT_REQUESTS: readonly ClientRequest[] = [
  {
    client: "Chrome",
    boundary: "----WebKitFormBoundary7MA4YWxkTrZu0gW",
    file: [disposition('filename="report.txt"'), TEXT],
    stored: "report.txt",
  },
  {
    client: "Chrome, a name with quotes and a line break",
    boundary: "----WebKitFormBoundary7MA4YWxkTrZu0gW",
    file: [disposition('filename="the %22final%22 one%0A.txt"'), TEXT],
    stored: 'the "final" one .txt',
  },
  {
    client: "Chrome, a name in Chinese",
    boundary: "----WebKitFormBoundary7MA4YWxkTrZu0gW",
    file: [disposition('filename="你好.txt"'), TEXT],
    stored: "你好.txt",
  },
  {
    client: "Firefox",
    boundary: "---------------------------41184676334",
    file: [disposition('filename="Übersicht.txt"'), TEXT],
    stored: "Übersicht.txt",
  },
  {
    client: "Safari, a name as macOS writes it (NFD)",
    boundary: "----WebKitFormBoundaryq2mE1LbqCqYQ6Gkq",
    file: [disposition(`filename="${"Übersicht".normalize("NFD")}.txt"`), TEXT],
    stored: "Übersicht.txt",
  },
  {
    client: "OkHttp",
    boundary: "8d9bbd8a-9c5e-4b1c-9c37-9b1a2b3c4d5e",
    field: okHttpField,
    file: [disposition('filename="a.txt"'), TEXT, "Content-Length: 5"],
    stored: "a.txt",
  },
  {
    client: "OkHttp, a name with quotes",
    boundary: "8d9bbd8a-9c5e-4b1c-9c37-9b1a2b3c4d5e",
    field: okHttpField,
    file: [disposition('filename="a %22b%22.txt"'), TEXT, "Content-Length: 5"],
    stored: 'a "b".txt',
  },
  {
    client: "OkHttp, of a length that it does not know",
    boundary: "8d9bbd8a-9c5e-4b1c-9c37-9b1a2b3c4d5e",
    field: okHttpField,
    file: [disposition('filename="stream.txt"'), TEXT],
    stored: "stream.txt",
    chunked: true,
  },
  {
    client: "Retrofit, a part without a type",
    boundary: "8d9bbd8a-9c5e-4b1c-9c37-9b1a2b3c4d5e",
    field: okHttpField,
    file: [disposition('filename="a.txt"'), "Content-Length: 5"],
    stored: "a.txt",
  },
  {
    client: "Apollo Kotlin",
    boundary: "------------------------ea64bb55e3ce4a3b",
    headers: { "x-apollo-operation-name": "Upload", "x-apollo-operation-id": "abc" },
    field: apolloKotlinField,
    file: [disposition('filename="clip.txt"'), TEXT, "Content-Length: 5"],
    stored: "clip.txt",
  },
  {
    client: "Apollo Kotlin, a part without a file name",
    boundary: "------------------------ea64bb55e3ce4a3b",
    headers: { "x-apollo-operation-name": "Upload" },
    field: apolloKotlinField,
    file: ['Content-Disposition: form-data; name="0"', "Content-Type: text/plain", "Content-Length: 5"],
    stored: "upload.txt",
  },
  {
    client: "Apollo iOS",
    boundary: "apollo-ios.boundary.4F3C2B1A-0000-4000-8000-1234567890AB",
    headers: APOLLO_IOS,
    file: [disposition('filename="photo.txt"'), TEXT],
    stored: "photo.txt",
  },
  {
    client: "Apollo iOS, the path of a list of one",
    boundary: "apollo-ios.boundary.4F3C2B1A-0000-4000-8000-1234567890AB",
    headers: APOLLO_IOS,
    file: [disposition('filename="photo.txt"'), TEXT],
    stored: "photo.txt",
    path: "variables.files",
    list: true,
  },
  {
    client: "Alamofire",
    boundary: "alamofire.boundary.1d3b5c7f9a2e4d6c",
    file: [disposition('filename="Foto 1.txt"'), TEXT],
    stored: "Foto 1.txt",
  },
  {
    client: "URLSession by hand, with line feeds in its preamble",
    boundary: "Boundary-7B2D1F6A-5E1C-4B4F-9B6B-0C1D2E3F4A5B",
    file: [disposition('filename="a.txt"'), "Content-Type: application/octet-stream"],
    stored: "a.txt",
  },
  {
    client: "Dart http",
    boundary: "dart-http-boundary-KlG+9f_2m.x-1zQ7sT3vBnMa8YcE5wRdHjUoPqLk0Xi4Zb",
    field: dartField,
    file: ["content-type: text/plain", 'content-disposition: form-data; name="0"; filename="a.txt"'],
    stored: "a.txt",
  },
  {
    client: "Dart http, a name that is not ASCII",
    boundary: "dart-http-boundary-KlG+9f_2m.x-1zQ7sT3vBnMa8YcE5wRdHjUoPqLk0Xi4Zb",
    field: dartField,
    file: [
      "content-type: application/octet-stream",
      'content-disposition: form-data; name="0"; filename="Straße.txt"',
    ],
    stored: "Straße.txt",
  },
  {
    client: "Dio",
    boundary: "--dio-boundary-0123456789",
    field: (name) => [`content-disposition: form-data; name="${name}"`],
    file: ['content-disposition: form-data; name="0"; filename="a.txt"', "content-type: text/plain"],
    stored: "a.txt",
  },
  {
    client: "graphql_flutter, without a preflight header but with an operation's name",
    boundary: "dart-http-boundary-KlG+9f_2m.x-1zQ7sT3vBnMa8YcE5wRdHjUoPqLk0Xi4Zb",
    headers: { "x-apollo-operation-name": "Upload" },
    field: dartField,
    file: ["content-type: text/plain", 'content-disposition: form-data; name="0"; filename="a.txt"'],
    stored: "a.txt",
  },
  {
    client: "React Native, Android",
    boundary: "e3f5c1d2-7b8a-4c9d-8e0f-1a2b3c4d5e6f",
    field: okHttpField,
    file: ['content-disposition: form-data; name="0"; filename="IMG 0001.txt"', "content-type: text/plain"],
    stored: "IMG 0001.txt",
  },
  {
    client: "React Native, iOS, a percent-encoded name",
    boundary: "8y7f6g5h4j3k2l1",
    file: [
      `content-disposition: form-data; name="0"; filename="caf%C3%A9.txt"; filename*=utf-8''caf%C3%A9.txt`,
      "content-type: text/plain",
    ],
    stored: "café.txt",
  },
  {
    client: "React Native, a percent-encoded name alone",
    boundary: "8y7f6g5h4j3k2l1",
    file: ['content-disposition: form-data; name="0"; filename="caf%C3%A9%20au%20lait.txt"', TEXT],
    stored: "café au lait.txt",
  },
  {
    client: "React Native, a name with a percent sign that encodes nothing",
    boundary: "8y7f6g5h4j3k2l1",
    file: ['content-disposition: form-data; name="0"; filename="100% sure.txt"', TEXT],
    stored: "100% sure.txt",
  },
  {
    client: "aiohttp",
    boundary: "1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f",
    field: aiohttpField,
    file: ["Content-Type: application/octet-stream", disposition('filename="a.txt"')],
    stored: "a.txt",
    chunked: true,
  },
  {
    client: "aiohttp, a name that is not ASCII",
    boundary: "1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f",
    field: aiohttpField,
    file: [
      "Content-Type: text/plain",
      disposition(`filename="na%C3%AFve.txt"; filename*=utf-8''na%C3%AFve.txt`),
    ],
    stored: "naïve.txt",
    chunked: true,
  },
  {
    client: "aiohttp, an encoded name alone",
    boundary: "1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f",
    field: aiohttpField,
    file: ["Content-Type: text/plain", disposition('filename="na%C3%AFve.txt"')],
    stored: "naïve.txt",
  },
  {
    client: "requests, urllib3 2",
    boundary: "a8b1f5c0d4e64f6a9c6b2d7e1f3a5b8c",
    file: [disposition('filename="naïve.txt"')],
    stored: "naïve.txt",
  },
  {
    client: "requests, urllib3 1, the extended name alone",
    boundary: "a8b1f5c0d4e64f6a9c6b2d7e1f3a5b8c",
    file: [disposition("filename*=utf-8''na%C3%AFve.txt"), TEXT],
    stored: "naïve.txt",
  },
  {
    client: "httpx",
    boundary: "d7a3b9c1e5f74a2b8c6d0e1f2a3b4c5d",
    file: [disposition('filename="a %22b%22.txt"'), TEXT],
    stored: 'a "b".txt',
  },
  {
    client: "curl",
    boundary: "------------------------d74496d66958873e",
    file: [disposition('filename="a.txt"'), TEXT],
    stored: "a.txt",
  },
  {
    client: "curl before 7.81, a name with quotes",
    boundary: "------------------------d74496d66958873e",
    file: [disposition('filename="a \\"b\\".txt"'), TEXT],
    stored: 'a "b".txt',
  },
  {
    client: "curl, standard input without a name",
    boundary: "------------------------d74496d66958873e",
    file: [disposition('filename="-"')],
    stored: "-.txt",
  },
  {
    client: "Node's fetch",
    boundary: "----formdata-undici-076511632143",
    file: [disposition('filename="blob"'), TEXT],
    stored: "blob.txt",
  },
  {
    client: "axios with form-data, streamed",
    boundary: "--------------------------515890814546601021194782",
    file: [disposition('filename="a.txt"'), TEXT],
    stored: "a.txt",
    chunked: true,
  },
  {
    client: "Go's mime/multipart",
    boundary: "a3f8c1d27b6e4095b1c2d3e4f5a6978869504132a1b2c3d4e5f60718",
    file: [disposition('filename="a\\\\b \\"c\\".txt"'), "Content-Type: application/octet-stream"],
    stored: 'b "c".txt',
  },
  {
    client: "Ruby's multipart-post",
    boundary: "-----------RubyMultipartPost-5f3a1c",
    file: [disposition('filename="a.txt"'), "Content-Length: 5", TEXT, "Content-Transfer-Encoding: binary"],
    stored: "a.txt",
  },
  {
    client: "Guzzle",
    boundary: "b1946ac92492d2347c6235b4d2611184",
    field: okHttpField,
    file: [disposition('filename="a.txt"'), "Content-Length: 5", TEXT],
    stored: "a.txt",
  },
  {
    client: ".NET HttpClient",
    boundary: '"6f1c7b9e-3d2a-4c5b-8a7e-9f0e1d2c3b4a"',
    field: dotNetField,
    file: [`Content-Disposition: form-data; name=0; filename=a.txt; filename*=utf-8''a.txt`],
    stored: "a.txt",
  },
  {
    client: ".NET HttpClient, a name that is not ASCII",
    boundary: '"6f1c7b9e-3d2a-4c5b-8a7e-9f0e1d2c3b4a"',
    field: dotNetField,
    file: [
      `Content-Disposition: form-data; name=0; filename="=?utf-8?B?Y2Fmw6kudHh0?="; filename*=utf-8''caf%C3%A9.txt`,
    ],
    stored: "café.txt",
  },
  {
    client: "Spring's RestTemplate",
    boundary: "Zr7Yq_0aXo-5uTgqVxLd8J1fP2",
    field: springField,
    file: [disposition('filename="a.txt"'), "Content-Type: text/plain", "Content-Length: 5"],
    stored: "a.txt",
  },
  {
    client: "Ktor",
    boundary: "-7a1b2c3d4e5f60718293a4b5c6d7e8f9-1a2b3c4d",
    field: ktorField,
    file: ['Content-Disposition: form-data; name=0; filename="a.txt"', TEXT, "Content-Length: 5"],
    stored: "a.txt",
  },
  {
    client: "Postman, a path for a name",
    boundary: "--------------------------648089449032824937983411",
    file: [disposition('filename="/C:/Users/anna/Desktop/a.txt"'), TEXT],
    stored: "a.txt",
  },
  {
    client: "Apollo's explorer, with a leading index",
    boundary: "----WebKitFormBoundary7MA4YWxkTrZu0gW",
    headers: { "apollo-require-preflight": "true" },
    file: [disposition('filename="a.txt"'), TEXT],
    stored: "a.txt",
    path: "0.variables.files.0",
  },
];

/** The body that a client sends. */
export function clientBody(
  request: ClientRequest,
  fields: Readonly<Record<string, string>>,
  file: string,
): Buffer {
  const { boundary, field = browserField } = request;
  const delimiter = `--${boundary.replaceAll('"', "")}`;
  const part = (head: readonly string[], content: string) =>
    `${delimiter}\r\n${head.join("\r\n")}\r\n\r\n${content}\r\n`;
  const parts = Object.entries(fields).map(([name, content]) => part(field(name, content), content));
  return Buffer.from(`${parts.join("")}${part(request.file, file)}${delimiter}--\r\n`);
}
