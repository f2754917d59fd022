import { registerEnumType } from "type-graphql";

export const FileIntegrity = {
  UNVERIFIED: "UNVERIFIED",
  INTACT: "INTACT",
  ALTERED: "ALTERED",
  MISSING: "MISSING",
  DESTROYED: "DESTROYED",
} as const;
export type FileIntegrity = keyof typeof FileIntegrity;

registerEnumType(FileIntegrity, {
  name: "FileIntegrity",
  description: "Result of the last verification of a file's stored bytes, or that they were destroyed.",
  valuesConfig: {
    UNVERIFIED: { description: "Not verified since the upload." },
    INTACT: { description: "The stored bytes are those that were uploaded." },
    ALTERED: {
      description: "The stored bytes are not those that were uploaded. The file cannot be downloaded.",
    },
    MISSING: { description: "The stored bytes are missing. The file cannot be downloaded." },
    DESTROYED: {
      description:
        "The stored bytes were in quarantine, and a manager destroyed them (`destroyQuarantined`). The file cannot be downloaded, nor released.",
    },
  },
});
