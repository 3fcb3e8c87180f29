import type { CallIdentity, MetaInput } from '../../src/call/index.ts';
import type { ConnectRequest, ConnectResult, IncomingCallEvent } from '../../src/runtime/index.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What becomes of one dial at Meta. Times in milliseconds since our connect reached it, which is when it was sent. */
export interface DialScript {
  /** Graph's answer to our connect; `lost`: none is had, and `reaches` says whether Meta has the call all the same. */
  readonly answer: 'placed' | 'refused' | 'lost';
  readonly answerMs: number;
  readonly reaches: boolean;
  /** Whether webhooks repeat our callback data. */
  readonly namesUs: boolean;
  /** How often each webhook comes. */
  readonly copies: number;
  /** Meta's connect with its SDP answer. */
  readonly connectedMs: number;
  /** The phone's RINGING; null: it is off. */
  readonly ringingMs: number | null;
  readonly then: /** `talksMs` null: this user never hangs up. */
    | { readonly type: 'picks_up'; readonly ms: number; readonly talksMs: number | null }
    | { readonly type: 'rejects'; readonly ms: number }
    | { readonly type: 'rings_out'; readonly ms: number };
}

export const PICKED_UP: DialScript = {
  answer: 'placed',
  answerMs: 80,
  reaches: true,
  namesUs: true,
  copies: 1,
  connectedMs: 600,
  ringingMs: 900,
  then: { type: 'picks_up', ms: 4_000, talksMs: 20_000 },
};

/** Meta's id of a dial, by ours. */
export function metaIdOf(key: string): string {
  return `wacid.${key}`;
}

interface DialledCall {
  readonly request: ConnectRequest;
  readonly script: DialScript;
  pickedUpAt: number | null;
}

/** The phones that are called, and what Meta's webhooks say of them. */
export class DialledPhones {
  /** Takes the webhooks. */
  deliver: (event: IncomingCallEvent) => Promise<void> = async () => {};
  /** A phone was picked up, and its sound begins. */
  onPickedUp: (key: string) => void = () => {};
  /** Every connect that Graph was sent. */
  readonly connects: ConnectRequest[] = [];
  readonly #clock: VirtualClock;
  /** Calls that Meta believes alive. */
  readonly #alive: Set<string>;
  readonly #calls = new Map<string, DialledCall>();

  constructor(clock: VirtualClock, alive: Set<string>) {
    this.#clock = clock;
    this.#alive = alive;
  }

  /** Whether this dial, by our id, was ever picked up. */
  wasPickedUp(key: string): boolean {
    return (this.#calls.get(metaIdOf(key))?.pickedUpAt ?? null) !== null;
  }

  async connect(request: ConnectRequest, script: DialScript): Promise<ConnectResult> {
    this.connects.push(request);
    const callId = metaIdOf(request.key);
    if (script.reaches) this.#ring(callId, { request, script, pickedUpAt: null });
    await this.#clock.wait(script.answerMs);
    switch (script.answer) {
      case 'placed':
        return { type: 'placed', callId, tookMs: script.answerMs };
      case 'refused':
        return failed({ code: 138006, httpStatus: 403, kind: 'refused', message: 'no permission' });
      case 'lost':
        return failed({ code: null, httpStatus: null, kind: 'unknown', message: 'timeout' });
      default:
        return script.answer satisfies never;
    }
  }

  /** Graph was told to end it, or the user hung up. */
  end(callId: string): void {
    const call = this.#calls.get(callId);
    if (call === undefined || !this.#alive.delete(callId)) return;
    const now = this.#clock.now();
    const picked = call.pickedUpAt;
    this.#say(callId, call, 300, {
      type: 'meta.terminate',
      timestamp: now,
      status: 'COMPLETED',
      startTime: picked,
      endTime: picked === null ? null : now,
      durationSeconds: picked === null ? null : Math.floor((now - picked) / 1_000),
      errors: [],
    });
  }

  #ring(callId: string, call: DialledCall): void {
    const { connectedMs, ringingMs, then } = call.script;
    this.#alive.add(callId);
    this.#calls.set(callId, call);
    const begun = this.#clock.now();
    this.#say(callId, call, connectedMs, { type: 'meta.connect', sdpType: 'answer', sdp: 'v=0', timestamp: begun });
    if (ringingMs !== null) this.#say(callId, call, ringingMs, this.#status('RINGING', ringingMs));
    this.#clock.at(begun + then.ms, () => {
      if (!this.#alive.has(callId)) return;
      if (then.type === 'picks_up') return this.#pickUp(callId, call, then.talksMs);
      if (then.type === 'rejects') this.#say(callId, call, 10, this.#status('REJECTED', 0));
      this.end(callId);
    });
  }

  #pickUp(callId: string, call: DialledCall, talksMs: number | null): void {
    call.pickedUpAt = this.#clock.now();
    this.onPickedUp(call.request.key);
    this.#say(callId, call, 40, this.#status('ACCEPTED', 0));
    if (talksMs !== null) this.#clock.at(this.#clock.now() + talksMs, () => this.end(callId));
  }

  #status(status: 'RINGING' | 'ACCEPTED' | 'REJECTED', inMs: number): MetaInput {
    return { type: 'meta.status', status, timestamp: this.#clock.now() + inMs };
  }

  #say(callId: string, { request, script }: DialledCall, inMs: number, input: MetaInput): void {
    const bizOpaqueCallbackData = script.namesUs ? request.callbackData : null;
    const event = dialEvent(callId, input, { phoneNumberId: request.phoneNumberId, bizOpaqueCallbackData });
    for (let copy = 0; copy < script.copies; copy += 1) {
      this.#clock.at(this.#clock.now() + inMs + copy * 700, () => void this.deliver(event));
    }
  }
}

/** What a webhook says of a call that a business placed. */
export function dialEvent(
  callId: string,
  input: MetaInput,
  differences: Partial<Omit<CallIdentity, 'id'>> = {},
): IncomingCallEvent {
  return {
    identity: {
      callId,
      direction: 'outbound',
      phoneNumberId: 'pn-1',
      displayPhoneNumber: null,
      user: { waId: 'user-1', userId: null, parentUserId: null, name: null },
      startedAt: input.timestamp,
      ctaPayload: null,
      deeplinkPayload: null,
      bizOpaqueCallbackData: null,
      ...differences,
    },
    input,
  };
}

function failed(error: Extract<ConnectResult, { type: 'failed' }>['error']): ConnectResult {
  return { type: 'failed', error };
}
