/** NODE_OPTIONS of a process to whose clock what has just happened is old. */
export const clockAhead = ({ hours }: { readonly hours: number }): string =>
  `--import data:text/javascript,${encodeURIComponent(`
  const Real = Date;
  const ahead = ${hours * 3_600_000};
  globalThis.Date = class extends Real {
    constructor(...given) { given.length > 0 ? super(...given) : super(Real.now() + ahead); }
    static now() { return Real.now() + ahead; }
  };`)}`;
