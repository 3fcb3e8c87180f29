import type { AgentLoss, Transcript, WireListener, WireServices } from '../../src/agents/index.ts';

export type WireEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'audio'; readonly samples: Int16Array; readonly itemId: string | null }
  | { readonly type: 'file'; readonly bytes: Uint8Array }
  | { readonly type: 'clear' }
  | { readonly type: 'mark'; readonly name: string }
  | { readonly type: 'dtmf'; readonly digits: string }
  | { readonly type: 'message'; readonly data: unknown }
  | { readonly type: 'transcript'; readonly transcript: Transcript }
  | { readonly type: 'hangup'; readonly drain: boolean; readonly reason: string | null }
  | { readonly type: 'lost'; readonly loss: AgentLoss };

type Of<T extends WireEvent['type']> = Extract<WireEvent, { type: T }>;

/** A listener that writes down what a wire says, and lets a test wait for it. */
export class RecordingWireListener implements WireListener {
  readonly events: WireEvent[] = [];
  /** Called with every event as it happens: a test answers clears and marks here, as a session does. */
  react: (event: WireEvent) => void = () => {};
  /** What `onFile` resolves to, milliseconds. */
  fileMs = 1_000;
  #read = 0;
  #wake: () => void = () => {};

  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  all<T extends WireEvent['type']>(type: T): Of<T>[] {
    return this.events.filter((event): event is Of<T> => event.type === type);
  }

  /** The next event of this type that no `next` passed yet. */
  async next<T extends WireEvent['type']>(type: T): Promise<Of<T>> {
    for (;;) {
      while (this.#read < this.events.length) {
        const event = this.events[this.#read]!;
        this.#read += 1;
        if (event.type === type) return event as Of<T>;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  onReady(): void {
    this.#add({ type: 'ready' });
  }
  onAudio(pcm: Int16Array, itemId: string | null): void {
    this.#add({ type: 'audio', samples: pcm.slice(), itemId });
  }
  async onFile(bytes: Uint8Array): Promise<number> {
    this.#add({ type: 'file', bytes });
    return this.fileMs;
  }
  onClear(): void {
    this.#add({ type: 'clear' });
  }
  onMark(name: string): void {
    this.#add({ type: 'mark', name });
  }
  onDtmf(digits: string): void {
    this.#add({ type: 'dtmf', digits });
  }
  onMessage(data: unknown): void {
    this.#add({ type: 'message', data });
  }
  onTranscript(transcript: Transcript): void {
    this.#add({ type: 'transcript', transcript });
  }
  onHangup(drain: boolean, reason: string | null): void {
    this.#add({ type: 'hangup', drain, reason });
  }
  onLost(loss: AgentLoss): void {
    this.#add({ type: 'lost', loss });
  }

  #add(event: WireEvent): void {
    this.events.push(event);
    this.react(event);
    this.#wake();
  }
}

/** Services of a wire that is tested by itself: nobody can come in by the door. */
export function wireServices(differences: Partial<WireServices> = {}): WireServices {
  return {
    allowLinkLocal: false,
    door: {
      invite({ onAbsent }) {
        queueMicrotask(onAbsent);
        return () => {};
      },
    },
    warn: () => {},
    ...differences,
  };
}
