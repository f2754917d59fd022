/** A refusal of a request with an HTTP status for which there is no error code. */
export class HttpRefusal extends Error {
  readonly status: number;
  /** Headers that belong to the status, such as `Allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
