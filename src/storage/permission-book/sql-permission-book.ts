import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Ending } from '../../call/index.ts';
import type {
  Decide,
  DialOrder,
  Grant,
  IdempotentRequest,
  LiveReport,
  NumberState,
  PairState,
  PermissionBook,
  Reservation,
  UnsureRequest,
  UserRef,
  WaitingDial,
  WaitingEnding,
} from '../../permissions/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import { changeCall } from '../write-call.ts';
import { forgetKey, rememberKey } from './idempotency.ts';
import { writeGrant, writePause, writeRefusal, writeReport } from './ledger.ts';
import { findPair, linkedPair, openWindow, WINDOW_MS } from './pairs.ts';
import { dropLost, dropRequest, markSent, unsureRequestIds, unsureRequestOf } from './requests.ts';
import { reserveDial, reserveRequest } from './reservations.ts';
import { usageOf } from './usage.ts';
import {
  abandonDial,
  dialOfMessage,
  dialsOfUser,
  dueDials,
  giveUpDial,
  keepDial,
  nextDueTime,
  waitingDial,
  wakeDial,
} from './waiting-dials.ts';

/**
 * The permission ledger and the dials that wait. What was used is not kept: it is counted from the call log and from the
 * requests at every decision. Each write is one work of the group commit, which has the write lock of the database from
 * its first read on, over all processes that share it.
 */
export class SqlPermissionBook implements PermissionBook {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  async read(phoneNumberId: string, user: UserRef, now: number): Promise<{ number: NumberState; pair: PairState }> {
    return await usageOf(this.#db, phoneNumberId, await findPair(this.#db, phoneNumberId, user), now);
  }

  async reserve(order: DialOrder, now: number, decide: Decide): Promise<Reservation | null> {
    const requestId = randomUUID();
    return await this.#writes.run((db) => reserveDial(db, { order, requestId, now, decide }));
  }

  async reserveRequest(
    phoneNumberId: string,
    user: UserRef,
    template: boolean,
    now: number,
    decide: Decide,
  ): Promise<Reservation> {
    const claim = { phoneNumberId, user, template, requestId: randomUUID(), now, decide };
    return await this.#writes.run((db) => reserveRequest(db, claim));
  }

  async requestSent(requestId: string, messageId: string | null, at: number): Promise<void> {
    await this.#writes.run((db) => markSent(db, requestId, messageId, at));
  }

  async requestRefused(requestId: string): Promise<void> {
    await this.#writes.run((db) => dropRequest(db, requestId));
  }

  async unsureRequests(after: number, before: number): Promise<readonly string[]> {
    return await unsureRequestIds(this.#db, after, before);
  }

  async unsureRequest(requestId: string): Promise<UnsureRequest | null> {
    return await unsureRequestOf(this.#db, requestId);
  }

  async requestLost(request: UnsureRequest, at: number): Promise<void> {
    await this.#writes.run(async (db) => {
      const dialId = await dropLost(db, request);
      if (dialId !== null) await wakeDial(db, dialId, at);
    });
  }

  async granted(phoneNumberId: string, user: UserRef, grant: Grant, answers: string | null): Promise<void> {
    await this.#writes.run((db) => writeGrant(db, phoneNumberId, user, grant, answers));
  }

  async windowOpened(phoneNumberId: string, user: UserRef, until: number): Promise<void> {
    await this.#writes.run(async (db) => {
      const pairId = await linkedPair(db, phoneNumberId, user, until - WINDOW_MS);
      await openWindow(db, pairId, until);
    });
  }

  async reported(phoneNumberId: string, user: UserRef, report: LiveReport): Promise<void> {
    await this.#writes.run((db) => writeReport(db, phoneNumberId, user, report));
  }

  async refused(phoneNumberId: string, user: UserRef, code: number, until: number, at: number): Promise<void> {
    await this.#writes.run((db) => writeRefusal(db, phoneNumberId, user, code, until, at));
  }

  async paused(phoneNumberId: string, pause: NumberState['paused'], at: number | null): Promise<void> {
    await this.#writes.run((db) => writePause(db, phoneNumberId, pause, at));
  }

  async wait(dial: WaitingDial, at: number): Promise<void> {
    await this.#writes.run((db) => keepDial(db, dial, at));
  }

  async waiting(id: string): Promise<WaitingDial | null> {
    return await waitingDial(this.#db, id);
  }

  async due(now: number, limit: number): Promise<readonly WaitingDial[]> {
    return await dueDials(this.#db, now, limit);
  }

  async nextDue(): Promise<number | null> {
    return await nextDueTime(this.#db);
  }

  async waitingFor(phoneNumberId: string, user: UserRef): Promise<readonly WaitingDial[]> {
    return await dialsOfUser(this.#db, phoneNumberId, user);
  }

  async waitingForMessage(messageId: string): Promise<WaitingDial | null> {
    return await dialOfMessage(this.#db, messageId);
  }

  async abandon(
    id: string,
    { reason, detail }: { readonly reason: 'connect_refused' | 'connect_unknown'; readonly detail: string | null },
    at: number,
  ): Promise<void> {
    const endedBy = reason === 'connect_refused' ? 'meta' : 'bridge';
    const ending: Ending = { class: 'failed', reason, endedBy, detail };
    await this.#writes.run((db) => abandonDial(db, id, ending, at));
  }

  async named(id: string, callId: string, at: number): Promise<void> {
    await this.#writes.run((db) => changeCall(db, id, { callId }, at));
  }

  async giveUp(id: string, ending: WaitingEnding, at: number): Promise<boolean> {
    return await this.#writes.run((db) => giveUpDial(db, id, ending, at));
  }

  async remember(request: IdempotentRequest): Promise<IdempotentRequest & { readonly fresh: boolean }> {
    return await this.#writes.run((db) => rememberKey(db, request));
  }

  async forget(key: string): Promise<void> {
    await this.#writes.run((db) => forgetKey(db, key));
  }
}
