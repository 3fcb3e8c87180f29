import type { GraphAction } from '../../../src/call/index.ts';
import type { Pair, PermissionJudge } from '../../../src/simulator/index.ts';
import { permissionReplyValue } from '../../../src/simulator/permissions/permission-webhooks.ts';
import {
  answerValue,
  connectValue,
  statusValue,
  terminateValue,
  type WebhookCall,
} from '../../../src/simulator/webhooks.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { Fact, Facts } from './facts.ts';
import { numberOf, personOf } from './people.ts';
import type { PostOffice } from './post-office.ts';

export interface MetaCallsOptions {
  readonly clock: VirtualClock;
  readonly judge: PermissionJudge;
  readonly facts: Facts;
  readonly post: PostOffice;
}

export interface MetaCall {
  readonly pair: Pair;
  readonly webhook: WebhookCall;
  readonly opaque: string | null;
  readonly live: Fact;
  /** Told by every webhook that says that somebody picked up. */
  pickedUp: Fact | null;
  pickedUpAt: number | null;
  over: boolean;
}

/** After so long nobody rings any more. */
const RINGS_MS = 60_000;
/** A dial whose outcome is not known is watched for so long (CallPolicy.connectWatchMs), and its answer waited for. */
const IN_DOUBT_MS = 150_000;

/** The calls that Meta has, of both directions. */
export class MetaCalls {
  readonly all = new Map<string, MetaCall>();
  /** Our answer has reached Meta. */
  onAnswer: (callId: string) => void = () => {};
  readonly #options: MetaCallsOptions;
  readonly #doubts = new Map<string, { readonly pair: Pair; until: number }>();
  #ids = 0;

  constructor(options: MetaCallsOptions) {
    this.#options = options;
  }

  liveOf(pair: Pair): readonly [string, MetaCall][] {
    return [...this.all].filter(
      ([, { pair: of, over }]) => !over && of.user === pair.user && of.phoneNumberId === pair.phoneNumberId,
    );
  }

  /** A call of the business goes out. `answered`: Graph will say so. */
  ring(pair: Pair, { callId, opaque, answered }: { callId: string; opaque: string; answered: boolean }): void {
    const { clock, facts, post } = this.#options;
    const now = clock.now();
    const live = facts.add({
      at: now,
      pair,
      call: { id: callId, became: 'live' },
      apply: (judge) => void judge.placeCall(pair, callId),
      toldAt: answered ? now : null,
    });
    const call = this.#begin(pair, { callId, opaque, live, direction: 'outbound' });
    post.send(answerValue(call.webhook, 'v=0', opaque, now), 'calls', [live], 600);
    post.send(statusValue(call.webhook, 'RINGING', opaque, now + 900), 'calls', [live], 900);
    clock.at(now + RINGS_MS, () => this.#giveUp(callId));
  }

  /** For us a call may be going on, whether Graph has it or not. */
  doubt(pair: Pair, callId: string): void {
    const { clock, facts } = this.#options;
    const id = `${callId} in doubt`;
    const now = clock.now();
    facts.add({ at: now, pair, call: { id, became: 'doubted' }, apply: () => {}, toldAt: now });
    this.#doubts.set(id, { pair, until: now + IN_DOUBT_MS });
    this.#endDoubt(id);
  }

  /** A process that takes over watches anew. */
  restarted(): void {
    for (const doubt of this.#doubts.values()) doubt.until = this.#options.clock.now() + IN_DOUBT_MS;
  }

  #endDoubt(id: string): void {
    const { clock, facts } = this.#options;
    const doubt = this.#doubts.get(id);
    if (doubt === undefined) return;
    const { pair, until } = doubt;
    const now = clock.now();
    if (now < until) return void clock.at(until, () => this.#endDoubt(id));
    this.#doubts.delete(id);
    facts.add({ at: now, pair, call: { id, became: 'over' }, apply: () => {}, toldAt: now });
  }

  /** A user calls. Null if Meta does not let the call through. */
  userCalls(pair: Pair): string | null {
    const { clock, judge, facts, post } = this.#options;
    const callId = `wacid.in.${++this.#ids}`;
    const { refused, reply } = judge.userCalls(pair, callId);
    if (refused !== null) return null;
    const now = clock.now();
    const live = facts.add({
      at: now,
      pair,
      call: { id: callId, became: 'live' },
      apply: (other) => void other.userCalls(pair, callId),
    });
    const call = this.#begin(pair, { callId, opaque: null, live, direction: 'inbound' });
    post.send(connectValue(call.webhook, 'v=0', now), 'calls', [live]);
    if (reply !== null) {
      const granted = facts.add({ at: now, pair, shown: true, apply: (other) => void other.grant(pair, 'temporary') });
      const value = permissionReplyValue(numberOf(pair), personOf(pair), reply, `wamid.auto.${this.#ids}`);
      post.send(value, 'messages', [granted]);
    }
    clock.at(now + RINGS_MS, () => this.#giveUp(callId));
    return callId;
  }

  pickUp(callId: string): void {
    const call = this.all.get(callId);
    if (call === undefined || call.over || call.pickedUpAt !== null) return;
    const { clock, judge, facts, post } = this.#options;
    const now = clock.now();
    call.pickedUpAt = now;
    judge.pickedUp(callId);
    const apply = (other: PermissionJudge) => other.pickedUp(callId);
    call.pickedUp = facts.add({ at: now, pair: call.pair, shown: true, counted: true, apply });
    if (call.webhook.direction === 'inbound') return;
    const value = statusValue(call.webhook, 'ACCEPTED', call.opaque, now);
    post.send(value, 'calls', [call.live, call.pickedUp]);
  }

  reject(callId: string): void {
    const call = this.all.get(callId);
    if (call === undefined || call.over || call.pickedUpAt !== null) return;
    const { clock, post } = this.#options;
    const over = this.end(callId);
    const value = statusValue(call.webhook, 'REJECTED', call.opaque, clock.now());
    if (call.webhook.direction === 'outbound') post.send(value, 'calls', [call.live, over]);
  }

  /** Our own word. False if the call is over. */
  act(callId: string, action: GraphAction): boolean {
    const call = this.all.get(callId);
    if (call === undefined || call.over) return false;
    const now = this.#options.clock.now();
    switch (action) {
      case 'pre_accept':
        this.onAnswer(callId);
        return true;
      case 'accept':
        this.pickUp(callId);
        if (call.pickedUp !== null) this.#options.facts.tell([call.pickedUp], now);
        return true;
      case 'reject':
      case 'terminate':
        this.#options.facts.tell([call.live, this.end(callId)], now);
        return true;
      default:
        return action satisfies never;
    }
  }

  /** Whoever ends it. Gives the fact that it is over. */
  end(callId: string): Fact {
    const call = this.all.get(callId);
    if (call === undefined || call.over) throw new Error('no such call');
    const { clock, judge, facts, post } = this.#options;
    const { pair, webhook, opaque, pickedUp, pickedUpAt } = call;
    const now = clock.now();
    call.over = true;
    const after = judge.ended(callId);
    const over = facts.add({
      at: now,
      pair,
      call: { id: callId, became: 'over' },
      apply: (other) => void other.ended(callId),
    });
    const answered = pickedUpAt === null ? null : { startedAt: pickedUpAt, endedAt: now };
    const how = { at: now, status: 'COMPLETED', answered, error: null, bizOpaqueCallbackData: opaque } as const;
    // That a user has called is told by the connect, which may come after this.
    const begun = webhook.direction === 'outbound' ? [call.live] : [];
    const tells = [...begun, over, ...(pickedUp === null ? [] : [pickedUp])];
    post.send(terminateValue(webhook, how), 'calls', tells);
    if (after?.type === 'revoked') {
      const revoked = facts.add({ at: now, pair, shown: true, apply: (other) => void other.revoke(pair) });
      const value = permissionReplyValue(numberOf(pair), personOf(pair), after.reply, `wamid.revoked.${callId}`);
      post.send(value, 'messages', [revoked]);
    }
    return over;
  }

  /** The user ends it, if it is not over. */
  hangUp(callId: string): void {
    if (this.all.get(callId)?.over === false) this.end(callId);
  }

  #giveUp(callId: string): void {
    const call = this.all.get(callId);
    if (call !== undefined && !call.over && call.pickedUpAt === null) this.end(callId);
  }

  #begin(
    pair: Pair,
    {
      callId,
      direction,
      opaque,
      live,
    }: Pick<MetaCall, 'opaque' | 'live'> & { callId: string; direction: WebhookCall['direction'] },
  ): MetaCall {
    const { phoneNumberId, displayPhoneNumber } = numberOf(pair);
    const webhook: WebhookCall = {
      callId,
      direction,
      phoneNumberId,
      displayPhoneNumber,
      user: personOf(pair),
      ctaPayload: null,
      deeplinkPayload: null,
      withContacts: this.#ids % 2 === 0,
    };
    const call = { pair, webhook, opaque, live, pickedUp: null, pickedUpAt: null, over: false };
    this.all.set(callId, call);
    return call;
  }
}
