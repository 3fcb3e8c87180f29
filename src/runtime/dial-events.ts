import { type CallIdentity, isNamed, keyInCallbackData, type MetaInput } from '../call/index.ts';
import type { CallRunner } from './call-runner.ts';
import type { EarlyEvents } from './early-events.ts';
import type { IncomingCallEvent } from './incoming.ts';
import { writeLateTerminate } from './late-terminate.ts';
import type { LiveCalls } from './live-calls.ts';
import type { CallLog, DebtBook } from './ports.ts';

export interface DialEventsOptions {
  readonly live: LiveCalls;
  readonly early: EarlyEvents;
  readonly log: CallLog;
  readonly debts: DebtBook;
  /** A debt was written that no live call looks after. */
  readonly onOwed: () => void;
  readonly onIgnored: (event: IncomingCallEvent, why: string) => void;
}

/**
 * What Meta says of calls that we place, when no live call has that name: the dial may not be named yet, may be over, or
 * may be another app's. Every app of the account hears of every call (meta-calling.md §3.2).
 */
export class DialEvents {
  readonly #options: DialEventsOptions;

  constructor(options: DialEventsOptions) {
    this.#options = options;
  }

  /** Resolves when the event is in the hands of its call, in the log, kept, or ignored; it waits for nobody's name. */
  async handle(event: IncomingCallEvent, at: number): Promise<void> {
    const { live, early, log, onIgnored } = this.#options;
    const { callId, phoneNumberId, bizOpaqueCallbackData } = event.identity;
    const key = keyInCallbackData(bizOpaqueCallbackData);
    const dial = key === null ? undefined : live.byKey(key);
    if (dial !== undefined && (await nameOf(dial, callId, at))) return await dial.deliver({ ...event.input, at });

    const known = await log.keyOf(callId);
    const own = known ?? key;
    const record = own === null ? null : await log.recorded(own);
    // Graph's answer may have named it while the log was read.
    const running = live.byCallId(callId);
    if (running !== undefined) return await running.deliver({ ...event.input, at });
    // A late copy about a call that is over fits the client's next one, and must neither name it nor end it.
    const clients = own === null ? live.clientsUnnamed(event.identity) : undefined;
    if (clients !== undefined && (await nameOf(clients, callId, at))) {
      return await clients.deliver({ ...event.input, at });
    }
    if (record === null) {
      if (key === null && live.awaitsName(phoneNumberId)) return early.keep(event, at);
      if (event.input.type === 'meta.terminate') await log.bury(callId, at);
      return onIgnored(event, 'not dialled here');
    }
    if (!record.over && dial === undefined) {
      // A client's call may have its name in the log a moment before it is followed.
      return live.awaitsName(phoneNumberId) ? early.keep(event, at) : onIgnored(event, 'not live in this process');
    }
    // One that has another name is no less of ours: Graph has two calls that were dialled once.
    if (known === null) return await this.#onStray(dial?.identity ?? record.identity, event, at);
    if (event.input.type !== 'meta.terminate') return onIgnored(event, 'call is over');
    await writeLateTerminate(log, known, { ...event.input, at });
  }

  /**
   * Meta has a call that was given up here, because nobody could say whether it had been placed. It must not ring on: Graph
   * is told to end it. What Meta says of it is written down, because Meta's limits count it.
   */
  async #onStray(ours: CallIdentity, { identity, input }: IncomingCallEvent, at: number): Promise<void> {
    const { log, debts, onOwed } = this.#options;
    const { phoneNumberId, callId } = identity;
    const owed = isAlive(input);
    // Before its name is in the record: if the process dies in between, the webhook is worked off again.
    if (owed) await debts.owe({ phoneNumberId, callId, action: 'terminate', since: at });
    const data = { by: input.type === 'meta.status' ? input.status : input.type, terminateOwed: owed };
    await log.append(ours.id, { at, type: isNamed(ours) ? 'named_otherwise' : 'named_after_end', data });
    if (!isNamed(ours)) {
      const pickedUp = input.type === 'meta.status' && input.status === 'ACCEPTED';
      await log.update(ours.id, { callId, ...(pickedUp && { sessionStartedAt: input.timestamp }) }, at);
      if (input.type === 'meta.terminate') await writeLateTerminate(log, ours.id, { ...input, at });
    }
    if (owed) onOwed();
  }
}

/** False if the call has another name. */
async function nameOf(dial: CallRunner, callId: string, at: number): Promise<boolean> {
  if (!isNamed(dial.identity)) await dial.deliver({ type: 'dial.named', callId, at });
  return dial.identity.callId === callId;
}

function isAlive(input: MetaInput): boolean {
  return input.type === 'meta.connect' || (input.type === 'meta.status' && input.status !== 'REJECTED');
}
