import type { FaultInput } from './faults.ts';
import type { RungHandsetFactory } from './handset.ts';
import type { NetworkProfileName } from './network/profiles.ts';
import type { RequestAnswer } from './permissions/permission-reply.ts';

/** How a user takes a call of the business. Times in milliseconds. */
export interface CallManners {
  /**
   * - `pick_up` (default)
   * - `reject`: declines
   * - `ignore`: lets it ring, until the business or WhatsApp gives up; the default with a `handset`, which decides itself
   * - `unreachable`: cannot be called at all (138001)
   */
  readonly reply?: 'pick_up' | 'reject' | 'ignore' | 'unreachable';
  /** From ringing until the user picks up or declines. Default 300. */
  readonly afterMs?: number;
  /** From the business's request until the phone has its SDP answer ready, at the earliest. Default 0. */
  readonly answerAfterMs?: number;
  /** From picking up until the user hangs up. Default null: never. */
  readonly hangUpAfterMs?: number | null;
  /** What the phone says once it is picked up: a WAV file, samples at 16 kHz, or null (default) for silence. */
  readonly audio?: string | Int16Array | null;
  /** Says it again and again. Default false. */
  readonly loop?: boolean;
  /** Overrides the profile and seed of the WhatsApp. */
  readonly profile?: NetworkProfileName | null;
  readonly seed?: number;
  /** Added to the faults of every call. `nth` of a connect counts from when these manners were given. */
  readonly faults?: readonly FaultInput[];
  /** Webhooks carry the contacts list. Default true. */
  readonly withContacts?: boolean;
  /** Another handset in place of the simulated phone, such as a browser. */
  readonly handset?: RungHandsetFactory;
}

/** How a user takes a permission request. */
export interface RequestManners {
  /** A function asks a person, who takes the time it takes. */
  readonly reply: RequestAnswer | 'ignore' | ((requestId: string) => Promise<RequestAnswer>);
  /** From the request until the user answers by script, ms. Default 300. */
  readonly afterMs?: number;
}

/** What was said about everybody, and about each user, which goes first. */
export class MannersBook<T> {
  readonly #own = new Map<string, T>();
  #everybody: T;

  constructor(everybody: T) {
    this.#everybody = everybody;
  }

  /** @param user null: everybody of whom nothing else is said */
  set(user: string | null, manners: T): void {
    if (user === null) this.#everybody = manners;
    else this.#own.set(user, manners);
  }

  of(user: string): T {
    return this.#own.get(user) ?? this.#everybody;
  }
}
