/** A request that is refused for a reason that HTTP has a status of its own for, and our codes have none. */
export class HttpRefusal extends Error {
  readonly status: number;
  /** Those that go with the status, such as `Allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
