import { describe, expect, it } from "@jest/globals";
import { parseDatabaseUrl } from "../../../src/platform/database/database-url.js";
import { createHostRotation } from "../../../src/platform/database/host-rotation.js";

describe("the URL of a database", () => {
  it("stays as it is with one host, which need not take writes", () => {
    const text = "postgres://me:p%40ss@[::1]:5433/desk?sslmode=require";
    expect(parseDatabaseUrl(text)).toEqual({ hosts: [text], mustBeWritable: false });
  });

  it("has a URL for each of several hosts, of which the one that takes writes is wanted, asked for or not", () => {
    const hosts = ["a:1", "b", "[::1]:3"].map((host) => `postgresql://me:a,b@${host}/desk?sslmode=require`);
    for (const end of ["", "&target_session_attrs=read-write", "&target_session_attrs=primary"])
      expect(parseDatabaseUrl(`postgresql://me:a,b@a:1,b,[::1]:3/desk?sslmode=require${end}`)).toEqual({
        hosts,
        mustBeWritable: true,
      });
  });

  it("may ask of a single host that it takes writes, without asking Postgres for that parameter", () => {
    expect(parseDatabaseUrl("postgres://a/desk?target_session_attrs=read-write")).toEqual({
      hosts: ["postgres://a/desk"],
      mustBeWritable: true,
    });
  });

  it.each(["any", "standby", "prefer-standby", "read-only"])("may not ask for %s", (wanted) => {
    expect(() => parseDatabaseUrl(`postgres://a,b/desk?target_session_attrs=${wanted}`)).toThrow(
      "read-write",
    );
  });

  it.each(["", "a:1", "mysql://a/desk", "postgres://a,,b/desk", "postgres://a:x,b/desk"])(
    "is refused when it is none: %s",
    (text) => {
      expect(() => parseDatabaseUrl(text)).toThrow(/is not a URL like/);
    },
  );
});

describe("the rotation of hosts", () => {
  it("stays with a host until it fails, and moves on once however many notice", () => {
    const rotation = createHostRotation(3);
    expect(rotation.current).toBe(0);
    for (let caller = 0; caller < 5; caller++) rotation.skip(0);
    expect(rotation.current).toBe(1);
    rotation.skip(1);
    rotation.skip(2);
    expect(rotation.current).toBe(0);
  });
});
