import { randomUUID } from "node:crypto";
import type { GraphQLAnswer } from "./test-client.js";
import type { WalkedWorld } from "./walked-world.js";
import type { Walker } from "./walker-reach.js";

export const textOf = ({ data, errors }: GraphQLAnswer<unknown>) => JSON.stringify({ data, errors });
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
export const withoutIds = (text: string) => text.replace(ID, "…");

export function outcomeOf({ data, errors }: GraphQLAnswer<{ told: unknown }>): string {
  if (errors) return errors[0]!.extensions.code;
  const told = data?.told;
  if (told === null) return "null";
  const isPage = typeof told === "object" && told !== null && "totalCount" in told;
  return isPage && told.totalCount === 0 ? "empty" : JSON.stringify(told);
}

/** The same arguments, pointing at nothing: ids that nobody has in the place of those that the walker may not know. */
export function elsewhere<Value>(value: Value, walker: Walker): Value {
  if (typeof value === "string") {
    return value.replace(ID, (id) => (walker.reach.has(id) ? id : randomUUID())) as Value;
  }
  if (value instanceof File || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => elsewhere(each, walker)) as Value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, elsewhere(each, walker)]),
  ) as Value;
}

/**
 * What stands in each table, in short. How often somebody has asked is no secret and changes, when a key was last used
 * as well, and refusals are counted in the audit log once a minute.
 */
export async function digestOf({ server: { database } }: WalkedWorld): Promise<Record<string, string>> {
  const tables = await database.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_name <> 'rate_limits' order by 1`;
  const digests = tables.map(async ({ name }) => {
    const [row] = await database.sql<{ digest: string }[]>`
      select md5(coalesce(string_agg(told, ' ' order by told), '')) as digest from ${database.sql(name)} t,
        lateral (select (to_jsonb(t) - 'last_used_at')::text as told) row
      where ${name === "audit_log" ? database.sql`t.action not in ('request.refused', 'user.sign-in-refused')` : database.sql`true`}`;
    return [name, row!.digest];
  });
  return Object.fromEntries(await Promise.all(digests));
}
