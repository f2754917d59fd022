/** Words of statements that do more than read, or whose answer depends on the connection that they run on. */
const MORE_THAN_READING =
  /\b(insert|update|delete|merge|into|lock|share|nextval|setval|set_config|pg_notify|pg_\w*advisory\w*|pg_terminate_backend|pg_cancel_backend)\b/i;

/** Whether a statement only reads, so that it may be run again when nobody knows whether it ran. In doubt it does not. */
export const isPlainRead = (text: string): boolean =>
  /^\s*(select|with)\b/i.test(text) && !MORE_THAN_READING.test(text);
