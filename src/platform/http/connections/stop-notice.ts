/**
 * Tells a server that it will close soon. It still serves requests, but `/readyz` answers 503, and responses end their
 * connections, so that load balancers send the next requests to other servers.
 */
export interface StopNotice {
  readonly isGiven: boolean;
  give(): void;
}

export function createStopNotice(): StopNotice {
  let isGiven = false;
  return {
    get isGiven() {
      return isGiven;
    },
    give() {
      isGiven = true;
    },
  };
}
