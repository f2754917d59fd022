import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { DocumentNode, FragmentSpreadNode } from "graphql";
import { GraphQLError, Kind, Lexer, parse, Source, TokenKind } from "graphql";
import { measureDocument } from "./measure-document.js";
import { measureMerging } from "./measure-merging.js";
import { tooComplex, withCode } from "./refusals.js";

/** Limits of a document's size. The amount of requested data is limited by its cost. */
export const DOCUMENT_LIMITS = {
  /** UTF-16 code units of its text. */
  sourceLength: 100_000,
  tokens: 5_000,
  /** Comments are not tokens, but are stored like them. */
  comments: 1_000,
  /** Operations and fragments: every validation rule visits each of them. */
  definitions: 200,
  /** UTF-16 code units of a name, which is a key of the response if it is an alias. */
  nameLength: 200,
  /** Nesting of brackets of any kind, and of selection sets with fragments expanded. */
  nesting: 100,
  /** Fields of all its operations. Those of a fragment count for each spread, regardless of directives. */
  fields: 2_000,
  /** Different aliases of fields with the same name. */
  aliases: 50,
  /** Comparisons of fields with the same response name, and of fragments (`measureMerging`). */
  comparisons: 20_000,
  /** Operations times variable uses: validation visits all variables that an operation may use. */
  variableUses: 50_000,
} as const;

/**
 * Options of validation. Errors may suggest similar names only if introspection is allowed; a few errors are enough.
 */
export const validationOptions = (introspection: boolean) => ({
  maxErrors: 10,
  hideSuggestions: !introspection,
});

/** A parsed document within the limits for validation, compilation and execution. */
export interface ReadDocument {
  readonly document: DocumentNode;
  /** Maximum bytes that it takes in the cache, with its compiled function. */
  readonly weight: number;
}

/** Measured on ordinary documents and rounded up. */
const BYTES_PER_TOKEN = 700;
const BYTES_PER_FIELD = 2_000;

/**
 * Parses a document and checks its limits, in linear time. This comes before any step that expands fragments: a
 * document of 2 KB can expand to a billion fields in validation, compilation and execution.
 *
 * @param maxDepth maximum nesting of fields, with fragments expanded
 * @throws GraphQLError: QUERY_TOO_COMPLEX if it is too large, GRAPHQL_PARSE_FAILED for a syntax error,
 *   GRAPHQL_VALIDATION_FAILED if a fragment contains itself
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
  if (measure.cycle !== null) throw fragmentCycle(measure.cycle);
  if (measure.levels > DOCUMENT_LIMITS.nesting) throw tooDeep(DOCUMENT_LIMITS.nesting);
  if (measure.depth > maxDepth) throw tooDeep(maxDepth);
  if (measure.fields > fields)
    throw tooComplex(
      `This document has more than ${fields} fields with its fragments expanded: send several.`,
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

/** @throws GraphQLError QUERY_TOO_COMPLEX for a text that is too long to be parsed */
export function limitLength(text: string): void {
  const { sourceLength } = DOCUMENT_LIMITS;
  if (text.length > sourceLength) throw tooLarge(text.length, sourceLength, "characters");
}

interface Scan {
  /** Tokens and comments, up to the first syntax error. */
  readonly tokenCount: number;
  /** Declarations and uses of variables. */
  readonly variableCount: number;
}

/** Scans the tokens before the parser, which recurses for every bracket. */
function scan(text: string): Scan {
  const lexer = new Lexer(new Source(text));
  const { tokens, comments, nameLength, nesting } = DOCUMENT_LIMITS;
  let count = 0;
  let variableCount = 0;
  let depth = 0;
  // Stops at a syntax error, which the parser will report.
  for (let kind = advance(lexer); kind !== null && kind !== TokenKind.EOF; kind = advance(lexer)) {
    // The parser reports both limits.
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

/** Has the message of the validation rule, but comes before any code that would expand the cycle. */
const fragmentCycle = (spread: FragmentSpreadNode) =>
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
