/**
 * Whether something is there that a machine may lack, so that its tests are skipped by name where it is not.
 *
 * @throws under REQUIRE_SERVICES=1, where nothing may be missing
 */
export function present(what: string, isThere: boolean): boolean {
  if (!isThere && process.env.REQUIRE_SERVICES === "1")
    throw new Error(`${what} is missing, and REQUIRE_SERVICES=1 does not allow it`);
  return isThere;
}
