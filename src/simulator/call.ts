import { CallDiary, type Milestone, type TimelineEntry } from './call-diary.ts';
import type { FaultScript } from './fault-script.ts';
import type { ActionRequest, GraphCallPhase, GraphCallView } from './graph-rules.ts';
import type { Handset, HandsetFactory, HandsetListener } from './handset.ts';
import { type CourierOptions, WebhookCourier } from './webhook-courier.ts';
import { type CallsValue, connectValue, type TerminateFacts, terminateValue, type WebhookCall } from './webhooks.ts';

export type CallEndedBy = 'user' | 'business' | 'meta';

/** What a call needs of the WhatsApp around it. */
export interface CallWorld extends Pick<CourierOptions, 'deliver' | 'signal'> {
  /** From the connect webhook until accept must have come, ms. */
  readonly acceptTimeoutMs: number;
  /** How far back the connect webhook's `timestamp` lies, ms. */
  readonly connectAgeMs: number;
  /** Called once, when the user is free for another call. */
  onEnded(): void;
  /** Called once, when everything of the call is closed. */
  onClosed(call: WhatsAppCall): void;
}

/**
 * One call as WhatsApp sees it: rings the bridge by webhook, lets Graph's actions happen to it, ends once, says so by
 * webhook, and closes its handset (meta-calling.md §2.1, §3.3, §3.6, §5).
 */
export class WhatsAppCall implements GraphCallView {
  readonly diary = new CallDiary();
  readonly #about: WebhookCall;
  readonly #world: CallWorld;
  readonly #script: FaultScript;
  readonly #courier: WebhookCourier;
  #phase: GraphCallPhase = 'ringing';
  #answer: string | null = null;
  #opaque: string | null = null;
  #acceptedAt: number | null = null;
  #handset: Handset | null = null;
  #acceptTimer: NodeJS.Timeout | null = null;
  #heldConnect: CallsValue | null = null;
  #endedBy: CallEndedBy | null = null;

  constructor(about: WebhookCall, script: FaultScript, world: CallWorld) {
    this.#about = about;
    this.#script = script;
    this.#world = world;
    this.#courier = new WebhookCourier({ script, diary: this.diary, deliver: world.deliver, signal: world.signal });
  }

  get callId(): string {
    return this.#about.callId;
  }

  get phase(): GraphCallPhase {
    return this.#phase;
  }

  get answer(): string | null {
    return this.#answer;
  }

  get endedBy(): CallEndedBy | null {
    return this.#endedBy;
  }

  get timeline(): readonly TimelineEntry[] {
    return this.diary.timeline;
  }

  get script(): FaultScript {
    return this.#script;
  }

  /** Opens the handset and rings. Rejects if the handset cannot be opened; then there is no call. */
  async ring(openHandset: HandsetFactory): Promise<void> {
    const handset = await openHandset(this.#listener());
    if (this.#endedBy !== null) {
      await handset.close();
      throw new Error('WhatsApp went away before the phone could ring.');
    }
    this.#handset = handset;
    const at = now();
    this.diary.reach('ringing');
    const value = connectValue(this.#about, handset.offer, at - this.#world.connectAgeMs);
    this.#acceptTimer = setTimeout(() => this.#end('meta', 'COMPLETED', null, 'late'), this.#world.acceptTimeoutMs);
    if (this.#script.holdsConnect === null) {
      void this.#courier.send('connect', [value]).then((answered) => {
        if (answered) this.diary.reach('webhook_answered');
      });
    } else {
      this.#heldConnect = value;
      this.diary.note('webhook.connect.held');
    }
  }

  /** An action that Graph found lawful. */
  perform(request: ActionRequest): void {
    switch (request.action) {
      case 'pre_accept':
        if (this.#phase === 'ringing') this.#phase = 'pre_accepted';
        this.diary.reach('pre_accepted');
        this.#takeAnswer(request.sdp);
        break;
      case 'accept':
        this.#phase = 'accepted';
        this.#opaque = request.opaque;
        this.#stopAcceptTimer();
        this.#acceptedAt = now();
        this.diary.reach('accepted');
        this.#takeAnswer(request.sdp);
        this.#handset?.accepted();
        break;
      case 'reject':
      case 'terminate':
        this.#end('business', 'COMPLETED', null);
        break;
      default:
        request.action satisfies never;
    }
  }

  /** The user hangs up, or gives up waiting. Does nothing once the call is over. */
  hangUp(): void {
    this.#end('user', 'COMPLETED', null);
  }

  waitFor(milestone: Milestone, timeoutMs: number): Promise<void> {
    return this.diary.waitFor(milestone, timeoutMs);
  }

  #takeAnswer(sdp: string | null): void {
    if (sdp === null || this.#answer !== null) return;
    this.#answer = sdp;
    this.#handset?.applyAnswer(sdp).catch((error: unknown) => {
      this.diary.note('answer.unusable', { message: error instanceof Error ? error.message : String(error) });
    });
  }

  #end(
    by: CallEndedBy,
    status: TerminateFacts['status'],
    error: TerminateFacts['error'],
    phase: 'ended' | 'late' = 'ended',
  ): void {
    if (this.#endedBy !== null) return;
    this.#endedBy = by;
    this.#phase = phase;
    this.#stopAcceptTimer();
    const at = now();
    this.diary.reach('ended', { by, status });
    this.#world.onEnded();
    const value = terminateValue(this.#about, {
      at,
      status,
      answered: this.#acceptedAt === null ? null : { startedAt: this.#acceptedAt, endedAt: at },
      error,
      bizOpaqueCallbackData: this.#opaque,
    });
    void this.#finish(value);
  }

  async #finish(terminate: CallsValue): Promise<void> {
    const held = this.#heldConnect;
    this.#heldConnect = null;
    const closed = this.#closeHandset();
    if (held !== null && this.#script.holdsConnect === 'batch') {
      await this.#courier.send('terminate', [held, terminate]);
    } else {
      await this.#courier.send('terminate', [terminate]);
      if (held !== null) await this.#courier.send('connect', [held]);
    }
    await closed;
    this.#handset = null;
    this.diary.reach('closed');
    this.#world.onClosed(this);
  }

  /** Never rejects: a handset in trouble must not keep the call from being over. */
  async #closeHandset(): Promise<void> {
    try {
      await this.#handset?.close();
    } catch (error) {
      this.diary.note('handset.close_failed', { message: error instanceof Error ? error.message : String(error) });
    }
  }

  #listener(): HandsetListener {
    return {
      onConnected: () => this.diary.reach('connected'),
      onHeard: () => this.diary.reach('heard'),
      onSpoken: () => this.diary.reach('spoken'),
      onHangUp: () => this.hangUp(),
      onDropped: (silentMs) => {
        const details = `The client received no media from the business for ${Math.round(silentMs / 1000)} seconds`;
        this.#end('meta', 'FAILED', { code: 138021, title: 'Client received no media', details });
      },
      onNote: (type, data) => this.diary.note(type, data),
    };
  }

  #stopAcceptTimer(): void {
    if (this.#acceptTimer !== null) clearTimeout(this.#acceptTimer);
    this.#acceptTimer = null;
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
