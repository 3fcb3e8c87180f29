import type { SimulatedUser } from './webhooks.ts';

/** A user by phone number or BSUID, or by what is to be said of them. */
export type UserName = string | Partial<SimulatedUser>;

export interface KnownUser {
  /** Stays the same, however the user is named. */
  readonly key: string;
  readonly user: SimulatedUser;
}

/** Everybody who was heard of, under phone number and BSUID alike. */
export class UserDirectory {
  readonly #byWaId = new Map<string, KnownUser>();
  readonly #byUserId = new Map<string, KnownUser>();
  #made = 0;

  /**
   * The user who is meant, made up where nothing is said. What is said holds for this once, null included; who is new is
   * remembered. A TypeError if the user has neither number nor BSUID.
   */
  know(name: UserName): KnownUser {
    const said = typeof name === 'string' ? namedBy(name) : name;
    const known = this.#find(said);
    const before = known?.user ?? this.#makeUp(said);
    const user = { ...before, ...said };
    if (user.waId === null && user.userId === null) throw new TypeError('A user needs a waId or a userId.');
    const key = known?.key ?? user.waId ?? user.userId ?? '';
    const remembered = { key, user: known === undefined ? user : { ...before, ...notNull(said) } };
    if (remembered.user.waId !== null) this.#byWaId.set(remembered.user.waId, remembered);
    if (remembered.user.userId !== null) this.#byUserId.set(remembered.user.userId, remembered);
    return { key, user };
  }

  #find({ waId, userId }: Partial<SimulatedUser>): KnownUser | undefined {
    const byNumber = typeof waId === 'string' ? this.#byWaId.get(waId) : undefined;
    return byNumber ?? (typeof userId === 'string' ? this.#byUserId.get(userId) : undefined);
  }

  /** Somebody who has a number of their own, or the BSUID that goes with a number. */
  #makeUp(said: Partial<SimulatedUser>): SimulatedUser {
    const number = String(this.#made % 10_000).padStart(4, '0');
    this.#made += 1;
    const waId = said.userId === undefined ? (said.waId ?? `1408555${number}`) : null;
    return { waId, userId: `US.1349${waId ?? number}`, parentUserId: null, name: 'Ana Example' };
  }
}

function namedBy(name: string): Partial<SimulatedUser> {
  return /^[A-Z]{2}\./.test(name) ? { userId: name } : { waId: name };
}

function notNull(said: Partial<SimulatedUser>): Partial<SimulatedUser> {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
}
