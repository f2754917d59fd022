/** What the tests use of Uppy. */
export declare class Uppy {
  use(plugin: unknown, options: object): this;
  addFile(file: { name: string; type: string; data: Buffer }): string;
  setFileState(fileId: string, state: object): void;
  upload(): Promise<{ readonly failed?: readonly unknown[] } | undefined>;
}
export declare const UppyTus: unknown;
