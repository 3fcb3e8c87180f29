import { type CallIdentity, isNamed, type User } from '../call/index.ts';
import type { CallRunner } from './call-runner.ts';

/** The calls that are live in this process, by our own id (key) and, once Meta has named them, by Meta's. */
export class LiveCalls {
  readonly #byKey = new Map<string, CallRunner>();
  readonly #byCallId = new Map<string, CallRunner>();
  /** By number: calls of either direction, and those of them that Meta has not named or that have no runner yet. */
  readonly #live = new Tally();
  readonly #unnamed = new Tally();
  /** By number: calls that clients are placing, which have no runner yet. */
  readonly #expected = new Tally();

  get size(): number {
    return this.#byKey.size;
  }

  add(runner: CallRunner): void {
    const { id, callId, phoneNumberId } = runner.identity;
    this.#byKey.set(id, runner);
    this.#live.change(phoneNumberId, 1);
    if (isNamed(runner.identity)) this.#byCallId.set(callId, runner);
    else this.#unnamed.change(phoneNumberId, 1);
  }

  /** Meta has named the call. A name that comes when it is over is not kept: nobody would take it out again. */
  named(runner: CallRunner): void {
    const { id, callId, phoneNumberId } = runner.identity;
    if (this.#byKey.get(id) !== runner) return;
    this.#byCallId.set(callId, runner);
    this.#unnamed.change(phoneNumberId, -1);
  }

  remove(runner: CallRunner): void {
    const { id, callId, phoneNumberId } = runner.identity;
    if (!this.#byKey.delete(id)) return;
    this.#live.change(phoneNumberId, -1);
    if (!isNamed(runner.identity)) this.#unnamed.change(phoneNumberId, -1);
    if (this.#byCallId.get(callId) === runner) this.#byCallId.delete(callId);
  }

  byKey(key: string): CallRunner | undefined {
    return this.#byKey.get(key);
  }

  byCallId(callId: string): CallRunner | undefined {
    return this.#byCallId.get(callId);
  }

  /**
   * The client's call without a name that a webhook speaks of: Meta has one call at a time of a number with a user
   * (meta-calling.md §6). Its callback data is the client's own, and may be the same for all of its calls, so that it says
   * something only where the user is named otherwise than by the client, and while no other call of a client may be meant:
   * to one that is being placed Graph's answer gives the name, and that is certain.
   */
  clientsUnnamed({
    phoneNumberId,
    bizOpaqueCallbackData: data,
    user,
  }: Omit<CallIdentity, 'id'>): CallRunner | undefined {
    if (!this.awaitsName(phoneNumberId)) return undefined;
    const unnamed = this.clientsUnnamedOn(phoneNumberId).filter(
      ({ identity }) => identity.bizOpaqueCallbackData === data,
    );
    const theirs = unnamed.find(({ identity }) => isSameUser(identity.user, user) === true);
    if (theirs !== undefined || data === null || this.#expected.of(phoneNumberId) > 0) return theirs;
    return unnamed.find(({ identity }) => isSameUser(identity.user, user) === null);
  }

  /** The clients' calls of a number that Meta has not named, the oldest first. */
  clientsUnnamedOn(phoneNumberId: string): CallRunner[] {
    return this.all().filter((runner) => runner.isClientsUnnamed && runner.identity.phoneNumberId === phoneNumberId);
  }

  all(): CallRunner[] {
    return [...this.#byKey.values()];
  }

  /** Calls of either direction on a number. */
  countOn(phoneNumberId: string): number {
    return this.#live.of(phoneNumberId);
  }

  /** Whether an unknown call of this number may turn out to be one of ours. */
  awaitsName(phoneNumberId: string): boolean {
    return this.#unnamed.of(phoneNumberId) > 0;
  }

  /** A call is being placed that has no runner yet. Returns what says that this is over. */
  expect(phoneNumberId: string): () => void {
    this.#countExpected(phoneNumberId, 1);
    let over = false;
    return () => {
      if (!over) this.#countExpected(phoneNumberId, -1);
      over = true;
    };
  }

  #countExpected(phoneNumberId: string, by: 1 | -1): void {
    this.#unnamed.change(phoneNumberId, by);
    this.#expected.change(phoneNumberId, by);
  }
}

/** Digits at the end of a phone number, which all spellings of it share (meta-calling.md §9.14). */
const SPELLED_ALIKE = 8;

/** Null if the two are not named in the same way. */
function isSameUser(one: User, other: User): boolean | null {
  if (one.userId !== null && other.userId !== null) return one.userId === other.userId;
  if (one.waId !== null && other.waId !== null) return ending(one.waId) === ending(other.waId);
  return null;
}

function ending(waId: string): string {
  return waId.replace(/\D/g, '').slice(-SPELLED_ALIKE);
}

/** Counts by name; a name that is counted to nothing takes no room. */
class Tally {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  change(name: string, by: 1 | -1): void {
    const count = this.of(name) + by;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }
}
