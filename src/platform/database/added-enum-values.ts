const ADDITION = /^(?:\s*--[^\n]*\n)*\s*ALTER TYPE (\S+) ADD VALUE ('(?:[^']|'')*')\s*;?\s*$/i;
const END_OF_VALUES = /\)\s*;?\s*$/;

/**
 * Migrations for one transaction that also writes rows: Postgres before version 17 does not let a transaction use a value
 * that it has added to an enum type, so each type is created with the values that later statements would add to it.
 */
export function withAddedEnumValues(statements: readonly string[]): string[] {
  const created: string[] = [];
  for (const statement of statements) {
    const [, type, value] = ADDITION.exec(statement) ?? [];
    const at = created.findIndex((text) => text.trimStart().startsWith(`CREATE TYPE ${type} AS ENUM(`));
    const creation = created[at];
    if (creation === undefined) created.push(statement);
    else created[at] = creation.replace(END_OF_VALUES, () => `, ${value});`);
  }
  return created;
}
