import postcss from "postcss";
import sanitizeHtml from "sanitize-html";
import { corruptFile } from "../media.errors.js";
import { SVG_ATTRIBUTES, SVG_ELEMENTS } from "./svg-names.js";

/** Of the sanitized document. Real drawings have some thousands. */
const MAX_ELEMENTS = 50_000;
const MAX_DEPTH = 100;

/** An element of the same document. */
const LOCAL = /^#[\w.:-]+$/;
/** A picture within the document, of a kind that has no references of its own. */
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*$/i;
/** Without a bracket in it, so that a text of unclosed ones is read once, not once for each. */
const URLS = /url\(([^()]*)\)/gi;
const QUOTED = /^(["'])(.*)\1$/s;
/** Functions of CSS that load something. */
const LOADS = /(?:url|image|image-set|src|expression)\s*\(/i;

const NAMESPACES = {
  xmlns: "http://www.w3.org/2000/svg",
  "xmlns:xlink": "http://www.w3.org/1999/xlink",
};

/**
 * Removes whatever is active in an SVG document or refers to something outside of it: scripts, event handlers, foreign
 * objects, animations, links, external references, style sheets that load others, document types with their entities,
 * and elements and attributes that are not known. What is left looks the same where it is only drawn.
 *
 * @param bytes UTF-8, or UTF-16 with a byte order mark
 * @returns a document in UTF-8 without a declaration
 * @throws CORRUPT_FILE
 */
export function sanitizeSvg(bytes: Uint8Array): Buffer {
  let elements = 0;
  const count = () => {
    if (++elements > MAX_ELEMENTS) throw corruptFile(`the drawing has more than ${MAX_ELEMENTS} elements`);
  };
  const once = sanitize(decode(bytes), count);
  // The library writes the text of style sheets as it is: if there is markup in it, a second look finds elements.
  if (sanitize(once, () => {}) !== once) throw corruptFile("the drawing hides elements in its style sheet");
  const root = once.indexOf("<svg");
  if (root < 0) throw corruptFile("it has no <svg> element");
  return Buffer.from(once.slice(root).replace(/(<style[^>]*>)([^<]*)/g, withHarmlessStyle));
}

function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const label = isWide ? (first === 0xff ? "utf-16le" : "utf-16be") : "utf-8";
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    throw corruptFile("its text is neither UTF-8 nor UTF-16. Save it with the encoding UTF-8");
  }
}

const sanitize = (source: string, onElement: () => void): string =>
  sanitizeHtml(source, {
    parser: { xmlMode: true, lowerCaseTags: false, lowerCaseAttributeNames: false, decodeEntities: true },
    allowedTags: [...SVG_ELEMENTS],
    allowVulnerableTags: true,
    disallowedTagsMode: "completelyDiscard",
    allowedAttributes: { "*": [...SVG_ATTRIBUTES] },
    // It would write empty ones without a value, as HTML has them.
    nonBooleanAttributes: ["*"],
    // References are checked below, by a stricter rule.
    allowedSchemesAppliedToAttributes: [],
    parseStyleAttributes: false,
    selfClosing: [],
    nestingLimit: MAX_DEPTH,
    onOpenTag: onElement,
    transformTags: {
      "*": (tagName, attributes) => ({
        // What a link contains is drawn without it.
        tagName: tagName === "a" ? "g" : tagName,
        attribs: {
          ...harmless(attributes),
          ...(tagName === "svg" && NAMESPACES),
        },
      }),
    },
  });

function harmless(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => {
      if (name === "href" || name === "xlink:href")
        return LOCAL.test(value) || PICTURE.test(value) ? [[name, value]] : [];
      if (name === "style") return [[name, harmlessDeclarations(value)]];
      return isLocal(value) ? [[name, value]] : [];
    }),
  );
}

/** Whether a value refers to nothing outside of the document. */
function isLocal(value: string): boolean {
  const rest = value.replace(URLS, (_url, target: string) =>
    LOCAL.test(target.trim().replace(QUOTED, "$2").trim()) ? "" : "url(",
  );
  // With escapes, functions can be written in other ways.
  return !rest.includes("\\") && !LOADS.test(rest);
}

function harmlessDeclarations(style: string): string {
  return style.split(";").filter(isLocal).join(";");
}

function withHarmlessStyle(_all: string, opening: string, css: string): string {
  return `${opening}${asText(harmlessStyleSheet(css))}`;
}

function harmlessStyleSheet(css: string): string {
  try {
    const sheet = postcss.parse(css);
    sheet.walkAtRules((rule) => {
      if (rule.name.toLowerCase() !== "media") rule.remove();
    });
    sheet.walkComments((comment) => {
      comment.remove();
    });
    sheet.walkDecls((declaration) => {
      if (!isLocal(declaration.value)) declaration.remove();
    });
    return sheet.toString();
  } catch {
    throw corruptFile("the style sheet of the drawing cannot be read");
  }
}

const asText = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
