import type { Milestone, TimelineEntry } from './call-diary.ts';
import type { CallEndedBy } from './call-frame.ts';
import type { AnyCall } from './call-register.ts';
import type { PhoneReport } from './phone/report.ts';
import type { SimulatedPhone } from './phone/simulated-phone.ts';

/**
 * What came of a call. Set-up times count from ringing, of a call of the business from its request to Graph; in milliseconds;
 * null = it never came to that.
 */
export interface CallReport {
  readonly callId: string;
  /** Who started it: the user (inbound) or the business (outbound). */
  readonly direction: 'inbound' | 'outbound';
  readonly endedBy: CallEndedBy | null;
  readonly setup: {
    readonly ringingMs: number | null;
    readonly webhookAnsweredMs: number | null;
    readonly preAcceptedMs: number | null;
    readonly connectedMs: number | null;
    readonly acceptedMs: number | null;
    readonly heardMs: number | null;
  };
  readonly timeline: readonly TimelineEntry[];
  /** null: another handset than the simulated phone was used. */
  readonly phone: PhoneReport | null;
}

/** One call in the hand of a test, a demo or a person. */
export class SimulatedCall {
  readonly #call: AnyCall;
  readonly #openPhone: () => SimulatedPhone | null;

  /** @param phone the simulated phone, once there is one; null with another handset */
  constructor(call: AnyCall, phone: () => SimulatedPhone | null) {
    this.#call = call;
    this.#openPhone = phone;
  }

  get callId(): string {
    return this.#call.callId;
  }

  get direction(): 'inbound' | 'outbound' {
    return this.#call.direction;
  }

  get phoneNumberId(): string {
    return this.#call.phoneNumberId;
  }

  /** What happened so far, oldest first. */
  get timeline(): readonly TimelineEntry[] {
    return this.#call.timeline;
  }

  get endedBy(): CallEndedBy | null {
    return this.#call.endedBy;
  }

  /** Calls `watch` with each timeline entry from now on. One watcher per call. */
  onEntry(watch: (entry: TimelineEntry) => void): void {
    this.#call.diary.onEntry(watch);
  }

  /** The user hangs up; a phone that rings is declined. Does nothing once the call is over. */
  hangUp(): void {
    this.#call.hangUp();
  }

  /** Presses keys (0-9, *, #, A-D), which go out as RFC 4733 events. Needs the simulated phone. */
  press(keys: string): void {
    if (this.#phone === null) throw new Error('Only the simulated phone has keys to press.');
    this.#phone.press(keys);
  }

  /** Takes the network between phone and bridge down, or up again. Needs the simulated phone with a profile. */
  setNetworkDown(down: boolean): void {
    if (this.#phone === null) throw new Error('Only the simulated phone has a network to take down.');
    this.#phone.setNetworkDown(down);
  }

  /** Resolves when the call has reached `milestone`. Rejects with a sentence if it ends without, or after `timeoutMs`. */
  waitFor(milestone: Milestone, timeoutMs: number): Promise<void> {
    return this.#call.diary.waitFor(milestone, timeoutMs);
  }

  /** What came of it so far. Decodes what the phone heard, so ask once, at the end. */
  async report(): Promise<CallReport> {
    const { diary } = this.#call;
    return {
      callId: this.callId,
      direction: this.direction,
      endedBy: this.endedBy,
      setup: {
        ringingMs: diary.since('ringing'),
        webhookAnsweredMs: diary.since('webhook_answered'),
        preAcceptedMs: diary.since('pre_accepted'),
        connectedMs: diary.since('connected'),
        acceptedMs: diary.since('accepted'),
        heardMs: diary.since('heard'),
      },
      timeline: [...this.timeline],
      phone: this.#phone === null ? null : await this.#phone.report(),
    };
  }

  get #phone(): SimulatedPhone | null {
    return this.#openPhone();
  }
}
