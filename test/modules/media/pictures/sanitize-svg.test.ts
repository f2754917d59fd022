import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { sanitizeInProcess } from "../../../../src/modules/media/pictures/picture-process.js";
import { newTempFile } from "../../../support/received.js";

const NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
const svg = (content: string, attributes = "") =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 24 24"${attributes}>${content}</svg>`;

/** In its process, as always: the packages that it uses cannot be loaded by a test. */
async function sanitizeSvg(bytes: Buffer): Promise<Buffer> {
  await using temp = newTempFile();
  await temp.write(bytes);
  await temp.close();
  return await sanitizeInProcess(temp.path, "acme");
}

/** What is left within the root. */
const left = async (content: string, attributes = "") =>
  /^<svg[^>]*>(.*)<\/svg>$/s.exec(String(await sanitizeSvg(Buffer.from(svg(content, attributes)))))![1];

const refused = (text: string | Buffer) => sanitizeSvg(Buffer.from(text));

describe("the sanitizer of SVG", () => {
  it.each([
    ["a script", "<script>alert(1)</script>"],
    ["a script of another namespace", '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>'],
    ["a script by reference", '<script xlink:href="http://evil.test/a.js"/>'],
    [
      "a foreign object",
      "<foreignObject><body onload='x()'><iframe src='http://evil.test'/></body></foreignObject>",
    ],
    [
      "an animation",
      '<animate attributeName="href" to="javascript:x()"/><set attributeName="onclick" to="x()"/>',
    ],
    ["a handler of a key", '<handler type="text/javascript">x()</handler>'],
    ["a processing instruction", '<?xml-stylesheet href="http://evil.test/a.css"?>'],
    ["a comment", "<!-- <script>x()</script> -->"],
  ])("leaves nothing of %s", async (_what, content) => {
    expect(await left(content)).toBe("");
  });

  it.each([
    ["handlers of events", '<path d="M0 0h9" onclick="x()" ONLOAD="x()"/>', '<path d="M0 0h9"></path>'],
    ["links", '<a href="javascript:x()"><path d="M1 1"/></a>', '<g><path d="M1 1"></path></g>'],
    ["files as pictures", '<image href="file:///etc/passwd" width="9"/>', '<image width="9"></image>'],
    ["addresses as pictures", '<image xlink:href="http://evil.test/a.png"/>', "<image></image>"],
    ["drawings in drawings", '<image href="data:image/svg+xml;base64,PHN2Zz4="/>', "<image></image>"],
    [
      "elements of other documents",
      '<use href="http://evil.test/a.svg#a"/><use href="a.svg#b"/>',
      "<use></use><use></use>",
    ],
    [
      "paints of others",
      '<path fill="url(http://evil.test/#a)" stroke="url(#b)"/>',
      '<path stroke="url(#b)"></path>',
    ],
    [
      "escaped functions",
      '<path style="fill:u\\72l(http://evil.test);stroke:red"/>',
      '<path style="stroke:red"></path>',
    ],
    ["image sets", '<path style="fill:image-set(&quot;http://evil.test&quot; 1x)"/>', "<path></path>"],
    ["unknown elements", '<what a="1"><path d="M0 0"/>text</what>', '<path d="M0 0"></path>'],
    [
      "unknown attributes",
      '<path d="M0 0" src="http://evil.test" data-x="1" xml:base="http://evil.test"/>',
      '<path d="M0 0"></path>',
    ],
  ])("takes away %s", async (_what, content, expected) => {
    expect(await left(content)).toBe(expected);
  });

  it("keeps style sheets, without what they load", async () => {
    const css = `@import url(http://evil.test/a.css); @font-face { src: url(http://evil.test/f) }
      .a > .b { fill: red; background: url("http://evil.test"); stroke: url(#local) } @media print { .c { fill: blue } }`;
    for (const sheet of [css.replaceAll(">", "&gt;"), `<![CDATA[${css}]]>`]) {
      const style = (await left(`<style type="text/css">${sheet}</style>`))!;
      expect(style).toContain("fill: red");
      expect(style).toContain("stroke: url(#local)");
      expect(style).toContain("fill: blue");
      expect(style).not.toMatch(/evil|import|font-face/);
    }
  });

  it("keeps what is drawn as it looks", async () => {
    const gradient =
      '<linearGradient id="g"><stop offset="0" stop-color="#f00"/><stop offset="1" stop-color="#00f"/></linearGradient>';
    const drawing = svg(
      `<defs>${gradient}<filter id="f"><feGaussianBlur stdDeviation="1"/></filter></defs>
      <style>.r { stroke: #0a0 }</style>
      <g transform="rotate(10)"><rect class="r" width="20" height="20" fill="url(#g)" filter="url(#f)"/></g>
      <text x="2" y="20" font-size="8">a &lt; b &amp; c</text><use href="#g"/>`,
    );
    const drawn = (bytes: Buffer) => sharp(bytes, { density: 300 }).raw().toBuffer();
    expect(await drawn(await sanitizeSvg(Buffer.from(drawing)))).toEqual(await drawn(Buffer.from(drawing)));
  });

  it("expands no entities, and loads no document type", async () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE svg SYSTEM "http://evil.test/a.dtd" [<!ENTITY a "${"a".repeat(99)}">
      <!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>${svg("<text>&b;&x;</text>")}`;
    const text = String(await sanitizeSvg(Buffer.from(bomb)));
    expect(text).toMatch(/^<svg /);
    expect(text).toContain("<text>&amp;b;&amp;x;</text>");
    expect(text).not.toMatch(/passwd|DOCTYPE|ENTITY/);
  });

  it.each([
    ["once", '&lt;image href="http://evil.test/a.png"/&gt;'],
    ["twice", '&amp;lt;image href="http://evil.test/a.png"/&amp;gt;'],
    ["as a section", '<![CDATA[<image href="http://evil.test/a.png"/>]]>'],
  ])("refuses elements that hide in a style sheet, escaped %s", async (_how, hidden) => {
    await expect(refused(svg(`<style>${hidden}</style>`))).rejects.toThrow(/hides elements/);
  });

  it("reads UTF-16, and writes UTF-8", async () => {
    const text = svg("<title>Grüße</title>");
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]);
    expect(String(await sanitizeSvg(wide))).toContain("<title>Grüße</title>");
    await expect(refused(Buffer.from(text, "latin1"))).rejects.toThrow(/UTF-8/);
  });

  it("names its namespaces itself", async () => {
    const text = String(
      await sanitizeSvg(Buffer.from('<svg xmlns="http://www.w3.org/1999/xhtml" xmlns:x="http://x.test"/>')),
    );
    expect(text).toBe(`<svg ${NAMESPACES}></svg>`);
  });

  it.each([
    ["no root", "<g/>", /no <svg>/],
    ["a style sheet that cannot be read", svg("<style>.a { fill: red</style>"), /style sheet/],
    ["very many elements", svg("<g/>".repeat(50_001)), /50000 elements/],
  ])("refuses a document with %s", async (_what, text, message) => {
    await expect(refused(text)).rejects.toThrow(message);
  });

  it.each([
    ["unclosed references", `fill="${"url(".repeat(400_000)}"`],
    ["an unclosed reference with a long gap", `fill="url(${" ".repeat(1_500_000)}x"`],
    ["declarations that do not close", `style="${"fill:url( ".repeat(150_000)}"`],
  ])("reads %s once", async (_what, attribute) => {
    // Read once for each of them, the document would take minutes: more than its process has.
    expect(await left(`<path d="M0 0" ${attribute}/>`)).toMatch(/^<path d="M0 0"( style="")?><\/path>$/);
  });

  it("bounds how deep elements are", async () => {
    const deep = String(await sanitizeSvg(Buffer.from(svg("<g>".repeat(20_000) + "</g>".repeat(20_000)))));
    expect(deep.split("<g>").length).toBeLessThanOrEqual(100);
  });
});
