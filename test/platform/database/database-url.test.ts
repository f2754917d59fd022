import { describe, expect, it } from "@jest/globals";
import {
  driverTarget,
  parseDatabaseUrl,
  throughSocket,
} from "../../../src/platform/database/database-url.js";
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

describe("the URL of a database behind a Unix socket", () => {
  it("names the folder of the socket as libpq does, with or without a host and a port", () => {
    expect(driverTarget("postgres://me:p%40ss@localhost:5433/desk?host=/run/pg&sslmode=disable")).toEqual({
      url: "postgres://me:p%40ss@localhost:5433/desk?sslmode=disable",
      path: "/run/pg/.s.PGSQL.5433",
    });
    expect(driverTarget("postgres:///desk?host=/run/pg")).toEqual({
      url: "postgres:///desk",
      path: "/run/pg/.s.PGSQL.5432",
    });
    expect(driverTarget("postgres:///desk?host=%2Frun%2Fpg&port=7")).toMatchObject({
      path: "/run/pg/.s.PGSQL.7",
    });
  });

  it.each(["postgres://a/desk?sslmode=require", "postgres://a/desk?host=b", "postgres://a:1,b:2/desk"])(
    "is another one, which stays as it is: %s",
    (url) => {
      expect(driverTarget(url)).toEqual({ url });
    },
  );

  it("is made of that through the network", () => {
    const url = throughSocket("postgres://me:secret@127.0.0.1:5433/desk", "/var/lib/a b/socket");
    expect(driverTarget(url)).toEqual({
      url: "postgres://me:secret@127.0.0.1:5433/desk",
      path: "/var/lib/a b/socket/.s.PGSQL.5433",
    });
  });
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
