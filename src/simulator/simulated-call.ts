import type { CallEndedBy, WhatsAppCall } from './call.ts';
import type { Milestone, TimelineEntry } from './call-diary.ts';
import type { PhoneReport } from './phone/report.ts';
import type { SimulatedPhone } from './phone/simulated-phone.ts';

/** What came of a call. Set-up times count from ringing, in milliseconds; null = it never came to that. */
export interface CallReport {
  readonly callId: string;
  readonly endedBy: CallEndedBy | null;
  readonly setup: {
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
  readonly #call: WhatsAppCall;
  readonly #phone: SimulatedPhone | null;

  constructor(call: WhatsAppCall, phone: SimulatedPhone | null) {
    this.#call = call;
    this.#phone = phone;
  }

  get callId(): string {
    return this.#call.callId;
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
    return this.#call.waitFor(milestone, timeoutMs);
  }

  /** What came of it so far. Decodes what the phone heard, so ask once, at the end. */
  async report(): Promise<CallReport> {
    const { diary } = this.#call;
    return {
      callId: this.callId,
      endedBy: this.endedBy,
      setup: {
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
}
