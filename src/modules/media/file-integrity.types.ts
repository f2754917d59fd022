import { registerEnumType } from "type-graphql";

export const FileIntegrity = {
  UNVERIFIED: "UNVERIFIED",
  INTACT: "INTACT",
  ALTERED: "ALTERED",
  MISSING: "MISSING",
} as const;
export type FileIntegrity = keyof typeof FileIntegrity;

registerEnumType(FileIntegrity, {
  name: "FileIntegrity",
  description: "What the last look at a file's stored bytes found.",
  valuesConfig: {
    UNVERIFIED: { description: "Nobody has read them again since the upload." },
    INTACT: { description: "They are those that were uploaded." },
    ALTERED: { description: "They are not those that were uploaded: nobody can download them." },
    MISSING: { description: "They are not in the storage: nobody can download them." },
  },
});
