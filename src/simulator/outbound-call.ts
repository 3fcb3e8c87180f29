import { setTimeout as sleep } from 'node:timers/promises';
import { type CallEndedBy, type CallEnding, type CallWorld, droppedError, messageOf } from './call-frame.ts';
import type { FaultScript } from './fault-script.ts';
import { FramedCall } from './framed-call.ts';
import type { ActionRequest, GraphCallView } from './graph-rules.ts';
import type { RungHandset, RungHandsetFactory, RungHandsetListener } from './handset.ts';
import type { CallManners } from './manners.ts';
import { answerValue, type CallStatus, statusValue, type WebhookCall } from './webhooks.ts';

export interface OutboundOptions extends Pick<CallManners, 'reply' | 'afterMs' | 'answerAfterMs' | 'hangUpAfterMs'> {
  readonly reply: NonNullable<CallManners['reply']>;
  /** How long WhatsApp lets it ring, ms. */
  readonly ringTimeoutMs: number;
  /** biz_opaque_callback_data of the connect. */
  readonly opaque: string | null;
}

/** The phone rings a moment after its answer went out. */
const RINGS_AFTER_MS = 30;
const DEFAULT_AFTER_MS = 300;

/**
 * One call of the business as WhatsApp sees it: the phone answers with SDP and rings, the user does what the manners say,
 * each step is told by webhook, and it ends once (meta-calling.md §2.1, §3.4 to §3.6).
 */
export class OutboundCall extends FramedCall implements GraphCallView {
  readonly direction = 'outbound';
  /** The business offers; there is no answer of its own. */
  readonly answer = null;
  readonly #options: OutboundOptions;
  readonly #over = new AbortController();
  #acceptedAt: number | null = null;
  #opening: Promise<RungHandset | null> = Promise.resolve(null);
  #handset: RungHandset | null = null;

  constructor(about: WebhookCall, script: FaultScript, world: CallWorld, options: OutboundOptions) {
    super(about, script, world);
    this.#options = options;
  }

  /** Graph took the connect: from now on everything happens by itself. */
  place(offer: string, openHandset: RungHandsetFactory): void {
    this.diary.startCounting();
    this.diary.note('placed');
    this.#opening = this.#open(offer, openHandset);
    void this.#run();
  }

  /** An action that Graph found lawful; a call of the business knows only one. */
  perform(request: ActionRequest): void {
    if (request.action === 'terminate') this.#end('business', 'COMPLETED', null);
  }

  /** The user hangs up, or declines while it rings. Does nothing once the call is over. */
  hangUp(): void {
    if (this.#acceptedAt === null) this.#reject();
    else this.#end('user', 'COMPLETED', null);
  }

  async #run(): Promise<void> {
    await this.#pause(this.#options.answerAfterMs ?? 0);
    const handset = await this.#opening;
    if (handset === null || this.endedBy !== null) return;
    this.#handset = handset;
    const { about, courier } = this.frame;
    const value = answerValue(about, handset.answer, this.#options.opaque, this.world.now());
    void courier.send('connect', value).then((answered) => {
      if (answered) this.diary.reach('webhook_answered');
    });
    await this.#pause(RINGS_AFTER_MS);
    if (this.endedBy !== null) return;
    this.diary.reach('ringing');
    this.#tell('ringing', 'RINGING');
    void this.#giveUp();
    await this.#answer();
  }

  /** What the user does. */
  async #answer(): Promise<void> {
    const { reply, afterMs = DEFAULT_AFTER_MS } = this.#options;
    if (reply === 'ignore' || reply === 'unreachable') return;
    await this.#pause(afterMs);
    if (this.endedBy !== null) return;
    if (reply === 'pick_up') this.#pickUp();
    else this.#reject();
  }

  async #giveUp(): Promise<void> {
    await this.#pause(this.#options.ringTimeoutMs);
    if (this.#acceptedAt === null) this.#end('meta', 'COMPLETED', null);
  }

  #pickUp(): void {
    if (this.#handset === null || this.#acceptedAt !== null || this.endedBy !== null) return;
    this.phase = 'accepted';
    this.#acceptedAt = this.world.now();
    this.world.onPickedUp();
    this.diary.reach('accepted');
    this.#handset.pickedUp();
    this.#tell('accepted', 'ACCEPTED');
    const { hangUpAfterMs = null } = this.#options;
    if (hangUpAfterMs !== null) void this.#pause(hangUpAfterMs).then(() => this.hangUp());
  }

  #reject(): void {
    this.#end('user', 'COMPLETED', null, async () => {
      const sent = this.#tell('rejected', 'REJECTED');
      const { lost, delayMs, heldUntil } = this.script.webhook('rejected');
      // "A REJECTED is followed by terminate", unless a fault has it otherwise (meta-calling.md §3.5).
      if (!lost && delayMs === 0 && heldUntil === null) await Promise.race([sent, this.settled('rejected')]);
    });
  }

  #tell(event: 'ringing' | 'accepted' | 'rejected', status: CallStatus): Promise<boolean> {
    const { about, courier } = this.frame;
    return courier.send(event, statusValue(about, status, this.#options.opaque, this.world.now()));
  }

  #end(
    by: CallEndedBy,
    status: CallEnding['status'],
    error: CallEnding['error'],
    before: () => Promise<void> = async () => {},
  ): void {
    if (this.endedBy !== null) return;
    this.phase = 'ended';
    this.frame.end({
      by,
      status,
      error,
      before,
      acceptedAt: this.#acceptedAt,
      bizOpaqueCallbackData: this.#options.opaque,
      closeHandset: async () => (await this.#opening)?.close(),
    });
    this.#over.abort();
  }

  /** Null if there is no handset to ring; then the call is over. */
  async #open(offer: string, openHandset: RungHandsetFactory): Promise<RungHandset | null> {
    try {
      return await openHandset(offer, this.#listener());
    } catch (error) {
      this.diary.note('handset.failed', { message: messageOf(error) });
      const details = 'The client could not set the call up';
      this.#end('meta', 'FAILED', { code: 138019, title: 'Client call setup failed', details });
      return null;
    }
  }

  #listener(): RungHandsetListener {
    return {
      ...this.frame.listener({
        onHangUp: () => this.hangUp(),
        onDropped: (silentMs) => this.#end('meta', 'FAILED', droppedError(silentMs)),
      }),
      onPickUp: () => this.#pickUp(),
      onReject: () => this.#reject(),
    };
  }

  /** Cut short when the call is over. */
  async #pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#over.signal }).catch(() => {});
  }
}
