import { CallDiary } from './call-diary.ts';
import type { FaultScript } from './fault-script.ts';
import type { CallEvent } from './faults.ts';
import type { HandsetListener } from './handset.ts';
import { type CourierOptions, WebhookCourier } from './webhook-courier.ts';
import { type TerminateFacts, terminateValue, type WebhookCall } from './webhooks.ts';

export type CallEndedBy = 'user' | 'business' | 'meta';

/** What a call needs of the WhatsApp around it. */
export interface CallWorld extends Pick<CourierOptions, 'deliver' | 'signal'> {
  /** Unix milliseconds, as the webhooks tell it. */
  now(): number;
  /** Called once, when somebody picked up. */
  onPickedUp(): void;
  /** Called once, when the user is free for another call. */
  onEnded(): void;
  /** Called once, when everything of the call is closed. */
  onClosed(): void;
}

export interface CallEnding extends Pick<TerminateFacts, 'status' | 'error' | 'bizOpaqueCallbackData'> {
  readonly by: CallEndedBy;
  /** When it was picked up, Unix milliseconds; null if it never was. */
  readonly acceptedAt: number | null;
  /** What goes out before the terminate webhook. */
  readonly before?: () => Promise<void>;
  readonly closeHandset: () => Promise<void>;
}

/** What calls of both directions have in common: a diary, webhooks with their faults, one ending, a handset to close. */
export class CallFrame {
  readonly diary = new CallDiary();
  readonly courier: WebhookCourier;
  readonly about: WebhookCall;
  readonly script: FaultScript;
  readonly #world: CallWorld;
  #endedBy: CallEndedBy | null = null;

  constructor(about: WebhookCall, script: FaultScript, world: CallWorld) {
    this.about = about;
    this.script = script;
    this.#world = world;
    const { deliver, signal } = world;
    this.courier = new WebhookCourier({ script, diary: this.diary, deliver, signal });
  }

  get endedBy(): CallEndedBy | null {
    return this.#endedBy;
  }

  settled(event: CallEvent): Promise<void> {
    return this.courier.settled(event);
  }

  /** The call is over: WhatsApp says so by webhook (meta-calling.md §3.6) and closes the handset. Only the first counts. */
  end(ending: CallEnding): void {
    if (this.#endedBy !== null) return;
    const { by, status, acceptedAt } = ending;
    const at = this.#world.now();
    this.#endedBy = by;
    this.diary.reach('ended', { by, status });
    this.#world.onEnded();
    void this.#finish(ending, {
      at,
      status,
      answered: acceptedAt === null ? null : { startedAt: acceptedAt, endedAt: at },
      error: ending.error,
      bizOpaqueCallbackData: ending.bizOpaqueCallbackData,
    });
  }

  /** What every handset reports; a call adds what is its own. */
  listener(own: Pick<HandsetListener, 'onHangUp' | 'onDropped'>): HandsetListener {
    return {
      onConnected: () => this.diary.reach('connected'),
      onHeard: () => this.diary.reach('heard'),
      onSpoken: () => this.diary.reach('spoken'),
      onNote: (type, data) => this.diary.note(type, data),
      ...own,
    };
  }

  async #finish(ending: CallEnding, facts: TerminateFacts): Promise<void> {
    const closed = this.#close(ending.closeHandset);
    await ending.before?.();
    this.courier.over();
    await this.courier.send('terminate', terminateValue(this.about, facts));
    await closed;
    this.diary.reach('closed');
    this.#world.onClosed();
  }

  /** Never rejects: a handset in trouble must not keep the call from being over. */
  async #close(closeHandset: () => Promise<void>): Promise<void> {
    try {
      await closeHandset();
    } catch (error) {
      this.diary.note('handset.close_failed', { message: messageOf(error) });
    }
  }
}

/** The phone got no media for too long (meta-calling.md §5). */
export function droppedError(silentMs: number): NonNullable<TerminateFacts['error']> {
  const details = `The client received no media from the business for ${Math.round(silentMs / 1000)} seconds`;
  return { code: 138021, title: 'Client received no media', details };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
