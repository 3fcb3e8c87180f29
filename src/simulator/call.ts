import { type CallEndedBy, type CallEnding, type CallWorld, droppedError, messageOf } from './call-frame.ts';
import type { FaultScript } from './fault-script.ts';
import { FramedCall } from './framed-call.ts';
import type { ActionRequest, GraphCallView } from './graph-rules.ts';
import type { Handset, HandsetFactory, HandsetListener } from './handset.ts';
import { connectValue, type WebhookCall } from './webhooks.ts';

export interface UserCallOptions {
  /** From the connect webhook until accept must have come, ms. */
  readonly acceptTimeoutMs: number;
  /** How far back the connect webhook's `timestamp` lies, ms. */
  readonly connectAgeMs: number;
}

/**
 * One call of a user as WhatsApp sees it: rings the bridge by webhook, lets Graph's actions happen to it, ends once, says so
 * by webhook, and closes its handset (meta-calling.md §2.1, §3.3, §3.6, §5).
 */
export class WhatsAppCall extends FramedCall implements GraphCallView {
  readonly direction = 'inbound';
  readonly #options: UserCallOptions;
  #answer: string | null = null;
  #opaque: string | null = null;
  #acceptedAt: number | null = null;
  #handset: Handset | null = null;
  #acceptTimer: NodeJS.Timeout | null = null;

  constructor(about: WebhookCall, script: FaultScript, world: CallWorld, options: UserCallOptions) {
    super(about, script, world);
    this.#options = options;
  }

  get answer(): string | null {
    return this.#answer;
  }

  /** Opens the handset and rings. Rejects if the handset cannot be opened; then there is no call. */
  async ring(openHandset: HandsetFactory): Promise<void> {
    const handset = await openHandset(this.#listener());
    if (this.endedBy !== null) {
      await handset.close();
      throw new Error('WhatsApp went away before the phone could ring.');
    }
    this.#handset = handset;
    const { acceptTimeoutMs, connectAgeMs } = this.#options;
    const { about, courier } = this.frame;
    const at = this.world.now();
    this.diary.reach('ringing');
    this.#acceptTimer = setTimeout(() => this.#end('meta', 'COMPLETED', null, 'late'), acceptTimeoutMs);
    void courier.send('connect', connectValue(about, handset.offer, at - connectAgeMs)).then((answered) => {
      if (answered) this.diary.reach('webhook_answered');
    });
  }

  /** An action that Graph found lawful. */
  perform(request: ActionRequest): void {
    switch (request.action) {
      case 'pre_accept':
        if (this.phase === 'ringing') this.phase = 'pre_accepted';
        this.diary.reach('pre_accepted');
        this.#takeAnswer(request.sdp);
        break;
      case 'accept':
        this.phase = 'accepted';
        this.#opaque = request.opaque;
        this.#stopAcceptTimer();
        this.#acceptedAt = this.world.now();
        this.world.onPickedUp();
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

  #takeAnswer(sdp: string | null): void {
    if (sdp === null || this.#answer !== null) return;
    this.#answer = sdp;
    this.#handset?.applyAnswer(sdp).catch((error: unknown) => {
      this.diary.note('answer.unusable', { message: messageOf(error) });
    });
  }

  #end(
    by: CallEndedBy,
    status: CallEnding['status'],
    error: CallEnding['error'],
    phase: 'ended' | 'late' = 'ended',
  ): void {
    if (this.endedBy !== null) return;
    this.phase = phase;
    this.#stopAcceptTimer();
    this.frame.end({
      by,
      status,
      error,
      acceptedAt: this.#acceptedAt,
      bizOpaqueCallbackData: this.#opaque,
      closeHandset: async () => this.#handset?.close(),
    });
  }

  #listener(): HandsetListener {
    return this.frame.listener({
      onHangUp: () => this.hangUp(),
      onDropped: (silentMs) => this.#end('meta', 'FAILED', droppedError(silentMs)),
    });
  }

  #stopAcceptTimer(): void {
    if (this.#acceptTimer !== null) clearTimeout(this.#acceptTimer);
    this.#acceptTimer = null;
  }
}
