/** The package brings no types of its own; these are of the options that the tests use. */
declare module "apollo-upload-client/UploadHttpLink.mjs" {
  import { ApolloLink } from "@apollo/client";

  // biome-ignore lint/style/noDefaultExport: the package has one
  export default class UploadHttpLink extends ApolloLink {
    constructor(options: {
      readonly uri: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly fetch?: typeof fetch;
    });
  }
}
