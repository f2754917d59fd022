import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { settingsInForce } from "../../../src/app/doctor/settings-in-force.js";
import { readConfig } from "../../../src/platform/config/config.js";

it("shows a secret that comes from a file as set, without its value", async () => {
  const folder = await mkdtemp(join(tmpdir(), "filedesk-secrets-"));
  try {
    const secret = "correct horse battery staple, 1 to 9";
    await writeFile(join(folder, "auth"), `${secret}\n`);
    const environment = { AUTH_SECRET_FILE: join(folder, "auth"), RETENTION_DAYS: "7" };
    const shown = settingsInForce(readConfig(environment), environment);
    const ofName = (name: string) => shown.find((setting) => setting.name === name);
    expect(ofName("AUTH_SECRET")).toEqual({ name: "AUTH_SECRET", value: "(set)", isSet: true });
    expect(ofName("RETENTION_DAYS")).toMatchObject({ value: "7", isSet: true });
    expect(ofName("URL_SIGNING_KEYS")).toMatchObject({ value: "-", isSet: false });
    expect(JSON.stringify(shown)).not.toContain(secret);
  } finally {
    await rm(folder, { recursive: true });
  }
});
