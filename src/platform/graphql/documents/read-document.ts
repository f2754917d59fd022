import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { DocumentNode, FragmentSpreadNode } from "graphql";
import { GraphQLError, Kind, Lexer, parse, Source, TokenKind } from "graphql";
import { measureDocument } from "./measure-document.js";
import { measureMerging } from "./measure-merging.js";
import { tooComplex, withCode } from "./refusals.js";

/** How large a document may be; how much it may ask for, its cost says. */
export const DOCUMENT_LIMITS = {
  /** UTF-16 code units of its text. */
  sourceLength: 100_000,
  tokens: 5_000,
  /** Comments are no tokens, and are kept with them all the same. */
  comments: 1_000,
  /** Operations and fragments: each is looked at by every rule of validation. */
  definitions: 200,
  /** Of a name, which is a key of the answer when it is an alias: UTF-16 code units. */
  nameLength: 200,
  /** Brackets of any kind in one another; selection sets in one another, with fragments written out. */
  nesting: 100,
  /** Fields of all its operations, those of a fragment counted wherever it is spread, whatever its directives say. */
  fields: 2_000,
  /** Different aliases of the fields of one name. */
  aliases: 50,
  /** Comparisons of fields that have one name in the answer, and of fragments: `measureMerging`. */
  comparisons: 20_000,
  /** Operations times variables, wherever they are used: validation looks at all that an operation may use. */
  variableUses: 50_000,
} as const;

/** Every error names what is wrong and, unless names of the schema are a secret, what is like it: a few are enough. */
export const validationOptions = (introspection: boolean) => ({
  maxErrors: 10,
  hideSuggestions: !introspection,
});

/** A document that is small enough to be validated, compiled and executed. */
export interface ReadDocument {
  readonly document: DocumentNode;
  /** Bytes that it takes at most while it is kept, with what is compiled from it. */
  readonly weight: number;
}

/** Measured on ordinary documents, and rounded up. */
const BYTES_PER_TOKEN = 700;
const BYTES_PER_FIELD = 2_000;

/**
 * Parses a document. Everything here is linear in its length, and comes before whatever is not: a document of 2 KB can
 * mean a billion fields, and validation, compilation and execution write them out.
 *
 * @param maxDepth fields in one another, with fragments written out
 * @throws GraphQLError: QUERY_TOO_COMPLEX when it is too large, GRAPHQL_PARSE_FAILED when it is no document,
 *   GRAPHQL_VALIDATION_FAILED when a fragment is inside of itself
 */
export function readDocument(text: string, maxDepth: number): ReadDocument {
  const { tokens, comments, definitions, fields, aliases, comparisons } = DOCUMENT_LIMITS;
  limitLength(text);
  const { tokenCount, variableCount } = scan(text);
  const document = parsed(text, { maxLexicalTokens: tokens, maxComments: comments });
  if (document.definitions.length > definitions)
    throw tooLarge(document.definitions.length, definitions, "operations and fragments");
  limitVariableUses(document, variableCount);
  const measure = measureDocument(document, DOCUMENT_LIMITS.nesting);
  if (measure.circle !== null) throw insideItself(measure.circle);
  if (measure.levels > DOCUMENT_LIMITS.nesting) throw tooDeep(DOCUMENT_LIMITS.nesting);
  if (measure.depth > maxDepth) throw tooDeep(maxDepth);
  if (measure.fields > fields)
    throw tooComplex(
      `This document has more than ${fields} fields when its fragments are written out: send several.`,
      { limit: fields },
    );
  if (measure.aliases > aliases)
    throw tooComplex(
      `This document gives a field ${measure.aliases} aliases, and ${aliases} are allowed: send several.`,
      {
        limit: aliases,
        actual: measure.aliases,
      },
    );
  if (measureMerging(document, comparisons) > comparisons) throw tooRepetitive(comparisons);
  const weight = text.length * 2 + tokenCount * BYTES_PER_TOKEN + measure.fields * BYTES_PER_FIELD;
  return { document, weight };
}

function limitVariableUses({ definitions }: DocumentNode, variableCount: number): void {
  const { variableUses } = DOCUMENT_LIMITS;
  const operations = definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length;
  if (operations * variableCount > variableUses)
    throw tooComplex("This document has too many operations for its variables: send several documents.", {
      limit: variableUses,
      actual: operations * variableCount,
    });
}

/** @throws GraphQLError QUERY_TOO_COMPLEX for a text that is not even read */
export function limitLength(text: string): void {
  const { sourceLength } = DOCUMENT_LIMITS;
  if (text.length > sourceLength) throw tooLarge(text.length, sourceLength, "characters");
}

interface Scan {
  /** Tokens and comments, as far as the text can be read. */
  readonly tokenCount: number;
  /** Variables, each counted wherever it is declared or used. */
  readonly variableCount: number;
}

/** Goes over the tokens before the parser does, which calls itself for every bracket, as deep as they are. */
function scan(text: string): Scan {
  const lexer = new Lexer(new Source(text));
  const { tokens, comments, nameLength, nesting } = DOCUMENT_LIMITS;
  let count = 0;
  let variableCount = 0;
  let depth = 0;
  // What cannot be read, the parser reports: it reads no further either.
  for (let kind = advance(lexer); kind !== null && kind !== TokenKind.EOF; kind = advance(lexer)) {
    // The parser says so as well, of both.
    if (++count > tokens + comments) break;
    if (kind === TokenKind.DOLLAR) variableCount++;
    if (OPENING.has(kind) && ++depth > nesting) throw tooDeep(nesting);
    if (CLOSING.has(kind)) depth--;
    const { start, end } = lexer.token;
    if (kind === TokenKind.NAME && end - start > nameLength) throw tooLarge(end - start, nameLength, NAME);
  }
  return { tokenCount: count + commentsOf(lexer), variableCount };
}

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);
const NAME = "characters in a name";

function advance(lexer: Lexer): TokenKind | null {
  try {
    return lexer.advance().kind;
  } catch (error) {
    if (error instanceof GraphQLError) return null;
    throw error;
  }
}

function commentsOf(lexer: Lexer): number {
  let count = 0;
  for (let token = lexer.token.prev; token; token = token.prev) if (token.kind === TokenKind.COMMENT) count++;
  return count;
}

function parsed(text: string, options: Parameters<typeof parse>[1]): DocumentNode {
  try {
    return parse(text, options);
  } catch (error) {
    throw error instanceof GraphQLError ? withCode(error, ApolloServerErrorCode.GRAPHQL_PARSE_FAILED) : error;
  }
}

/** Validation says it in these words; here it comes before whatever would follow the circle. */
const insideItself = (spread: FragmentSpreadNode) =>
  withCode(
    new GraphQLError(`Cannot spread fragment "${spread.name.value}" within itself.`, { nodes: spread }),
    ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED,
  );

const tooRepetitive = (limit: number) =>
  tooComplex(
    "This document has too many fields of the same name, or too many fragments, in one selection set: select each once, or send several.",
    { limit },
  );

const tooDeep = (levels: number) =>
  tooComplex(`This operation nests deeper than ${levels} levels.`, { limit: levels });

const tooLarge = (actual: number, limit: number, what: string) =>
  tooComplex(`This document has ${actual} ${what}, and ${limit} are allowed.`, { limit, actual });
