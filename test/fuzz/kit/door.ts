import type { FuzzServer } from "./fuzz-server.js";
import type { World } from "./fuzz-world.js";
import type { Source } from "./source.js";

/** What came of a case. */
export interface Outcome {
  /** What the server said, in few words; for a tally. */
  readonly said: string;
  /** What it must not have done; null if all was well. */
  readonly problem: string | null;
  /** Whether it did what was asked for; a generator of which all is refused at the entrance tries little. */
  readonly isAccepted?: boolean;
}

export interface Place {
  readonly server: FuzzServer;
  readonly world: World;
}

/** A way in which untrusted bytes come to the server, with the generator of what is sent there. */
export interface Door<Input = unknown> {
  readonly name: string;
  /** How many cases a whole run has. */
  readonly cases: number;
  readonly atOnce: number;
  /** The input of a case. The same choices of the source make the same input, except for ids of the world. */
  make(source: Source, world: World): Input;
  /** Sends it, and reads what comes back. */
  play(input: Input, place: Place): Promise<Outcome>;
  /** The part of the input that can be made shorter to find what of it matters. */
  readonly sequence: {
    of(input: Input): Sequence;
    replace(input: Input, sequence: Sequence): Input;
  };
  /** The input as it is kept: as a file, with a description of how it was sent. */
  describe(input: Input): { readonly how: unknown; readonly bytes: Buffer };
}

export type Sequence = Buffer | readonly unknown[];
