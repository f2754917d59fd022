/** Words in statements that do more than read, or whose result depends on the connection. */
const MORE_THAN_READING =
  /\b(insert|update|delete|merge|into|lock|share|nextval|setval|set_config|pg_notify|pg_\w*advisory\w*|pg_terminate_backend|pg_cancel_backend)\b/i;

/** Whether a statement only reads, so that it can be retried even if it may have run. In doubt `false`. */
export const isPlainRead = (text: string): boolean =>
  /^\s*(select|with)\b/i.test(text) && !MORE_THAN_READING.test(text);
