import { bool, str } from "envalid";
import { bucketName, httpUrl, internalPath, keyPrefix } from "./validators.js";

/** Where files are stored. Credentials of S3 are no settings: the AWS SDK finds them itself. */
export const storageSettings = {
  STORAGE: str({
    choices: ["local", "s3"],
    default: "local",
    desc: "Where files are stored: `local` in FILEDESK_DATA, `s3` in a bucket of Amazon S3 or a store with its interface",
    example: "s3",
  }),
  STORAGE_FROM: str({
    choices: ["local", "s3"],
    default: undefined,
    desc: "Where files still are that are being moved to STORAGE: they are read there as well, and only removed there",
    example: "local",
  }),
  S3_BUCKET: bucketName({
    default: undefined,
    desc: "Bucket in which files are stored; it has to exist",
    requiredWhen: (env) => env.STORAGE === "s3" || env.STORAGE_FROM === "s3",
    example: "filedesk-files",
  }),
  S3_PREFIX: keyPrefix({
    default: "",
    desc: "Beginning of all keys in the bucket, so that other data can be in it too",
    example: "desk/files",
  }),
  S3_REGION: str({ default: "us-east-1", desc: "Region of the bucket", example: "eu-central-1" }),
  S3_ENDPOINT: httpUrl({
    default: undefined,
    desc: "URL of the S3 store; by default the one of Amazon S3 in the region",
    example: "https://s3.example.com",
  }),
  S3_PUBLIC_ENDPOINT: httpUrl({
    default: undefined,
    desc: "URL under which clients reach the S3 store, in presigned URLs; by default S3_ENDPOINT",
    example: "https://files.example.com",
  }),
  S3_FORCE_PATH_STYLE: bool({
    default: false,
    desc: "Whether the bucket is a part of the path (`https://store/bucket/key`), as most stores other than Amazon's want it, instead of the host name",
    example: "true",
  }),
  S3_SERVER_SIDE_ENCRYPTION: str({
    choices: ["AES256", "aws:kms", "aws:kms:dsse"],
    default: undefined,
    desc: "Encryption that the store is asked for with every object; by default the one of the bucket",
    example: "AES256",
  }),
  S3_STORAGE_CLASS: str({
    default: undefined,
    desc: "Storage class of the objects; one from which they can be read at once. By default the one of the store",
    example: "INTELLIGENT_TIERING",
  }),
  DOWNLOAD_MODE: str({
    choices: ["stream", "redirect"],
    default: "stream",
    desc: "How private files come from S3: `stream` sends them through the server, `redirect` sends clients to the store with a presigned URL",
    example: "redirect",
  }),
  ACCEL_REDIRECT: internalPath({
    default: undefined,
    desc: "Internal path of an nginx in front of the server, under which it reads the files of FILEDESK_DATA itself; with STORAGE=local",
    example: "/internal/",
  }),
  TEMP_DIR: str({
    default: undefined,
    desc: "Folder for the temp files of uploads with STORAGE=s3; by default FILEDESK_DATA",
    example: "/var/tmp",
  }),
} as const;
