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
  description: "Result of the last verification of a file's stored bytes.",
  valuesConfig: {
    UNVERIFIED: { description: "Not verified since the upload." },
    INTACT: { description: "The stored bytes are those that were uploaded." },
    ALTERED: {
      description: "The stored bytes are not those that were uploaded. The file cannot be downloaded.",
    },
    MISSING: { description: "The stored bytes are missing. The file cannot be downloaded." },
  },
});
