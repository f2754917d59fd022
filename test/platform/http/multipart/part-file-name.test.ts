import { describe, expect, it } from "@jest/globals";
import { nameOfPart } from "../../../../src/platform/http/multipart/part-file-name.js";

describe("the name that a client means", () => {
  it.each([
    ["a browser's quotation marks", "the %22good%22 room.pdf", 'the "good" room.pdf'],
    ["a browser's line end", "two%0D%0Alines.pdf", "two\r\nlines.pdf"],
    ["a browser's line end beside letters", "Größe%0Azwei.pdf", "Größe\nzwei.pdf"],
    ["a browser's name with other signs", "100% #1 50%25 größe.pdf", "100% #1 50%25 größe.pdf"],
    ["a browser's name with a per cent sign at its end", "100%", "100%"],
    ["React Native's letters", "M%C3%BCller%20(1).jpg", "Müller (1).jpg"],
    ["React Native's name without any", "IMG_0001.jpg", "IMG_0001.jpg"],
    ["React Native's pictures of letters", "%F0%9F%96%A8.jpg", "🖨.jpg"],
    ["aiohttp's letters", "Rechnung%20Nr.%205%20%28M%C3%BCller%29.pdf", "Rechnung Nr. 5 (Müller).pdf"],
    ["aiohttp's slash", "a%2Fb.pdf", "a/b.pdf"],
    ["lower-case digits", "m%c3%bcller.pdf", "müller.pdf"],
    ["httpx's and urllib3's quotation mark", "a%22b.txt", 'a"b.txt'],
    ["what is no UTF-8", "M%FCller.pdf", "M%FCller.pdf"],
    ["what is no UTF-8, with a quotation mark", "M%FC%22.pdf", 'M%FC".pdf'],
    ["half of a character", "a%C3.pdf", "a%C3.pdf"],
    ["a NUL", "a%00b.pdf", "a%00b.pdf"],
    ["an escape", "a%1Bb.pdf", "a%1Bb.pdf"],
    ["no name", "", ""],
  ])("of %s", (_client, filename, name) => {
    expect(nameOfPart(filename)).toBe(name);
  });
});
