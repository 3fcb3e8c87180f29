import type { TimelineEntry } from './call-diary.ts';
import { type CallEndedBy, CallFrame, type CallWorld } from './call-frame.ts';
import type { FaultScript } from './fault-script.ts';
import type { CallEvent } from './faults.ts';
import type { GraphCallPhase } from './graph-rules.ts';
import type { WebhookCall } from './webhooks.ts';

/** What a call of either direction shows of its frame and its phase. */
export abstract class FramedCall {
  protected readonly frame: CallFrame;
  protected readonly world: CallWorld;
  #phase: GraphCallPhase = 'ringing';

  protected constructor(about: WebhookCall, script: FaultScript, world: CallWorld) {
    this.frame = new CallFrame(about, script, world);
    this.world = world;
  }

  get callId(): string {
    return this.frame.about.callId;
  }

  get phoneNumberId(): string {
    return this.frame.about.phoneNumberId;
  }

  get diary(): CallFrame['diary'] {
    return this.frame.diary;
  }

  get phase(): GraphCallPhase {
    return this.#phase;
  }

  protected set phase(phase: GraphCallPhase) {
    this.#phase = phase;
  }

  get endedBy(): CallEndedBy | null {
    return this.frame.endedBy;
  }

  get timeline(): readonly TimelineEntry[] {
    return this.diary.timeline;
  }

  get script(): FaultScript {
    return this.frame.script;
  }

  /** Resolves when the bridge has answered this webhook, or there will be none. */
  settled(event: CallEvent): Promise<void> {
    return this.frame.settled(event);
  }
}
