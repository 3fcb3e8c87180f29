import type { AgentListener, Transcript } from '../../src/agents/index.ts';
import type { AgentFailure } from '../../src/call/index.ts';

export type AgentEvent =
  | { readonly type: 'ready'; readonly connectMs: number }
  | { readonly type: 'audio'; readonly samples: readonly number[]; readonly itemId: string | null }
  | { readonly type: 'file'; readonly bytes: Uint8Array }
  | { readonly type: 'clear' }
  | { readonly type: 'mark'; readonly name: string }
  | { readonly type: 'dtmf'; readonly digits: string }
  | { readonly type: 'message'; readonly data: unknown }
  | { readonly type: 'transcript'; readonly transcript: Transcript }
  | { readonly type: 'hangup'; readonly drain: boolean; readonly reason: string | null }
  | { readonly type: 'reconnecting'; readonly attempt: number; readonly code: AgentFailure }
  | { readonly type: 'failed'; readonly code: AgentFailure; readonly detail: string };

/** A listener that writes down what a line says, and lets a test wait for it. */
export class RecordingAgentListener implements AgentListener {
  readonly events: AgentEvent[] = [];
  /** Called with every event as it happens. */
  react: (event: AgentEvent) => void = () => {};
  /** What `onFile` resolves to, milliseconds. */
  fileMs = 1_000;
  #read = 0;
  #wake: () => void = () => {};

  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  /** The next event of this type that no `next` passed yet. */
  async next<T extends AgentEvent['type']>(type: T): Promise<Extract<AgentEvent, { type: T }>> {
    for (;;) {
      while (this.#read < this.events.length) {
        const event = this.events[this.#read]!;
        this.#read += 1;
        if (event.type === type) return event as Extract<AgentEvent, { type: T }>;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  onReady(connectMs: number): void {
    this.#add({ type: 'ready', connectMs });
  }
  onAudio(pcm: Int16Array, itemId: string | null): void {
    this.#add({ type: 'audio', samples: [...pcm], itemId });
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
  onReconnecting(attempt: number, code: AgentFailure): void {
    this.#add({ type: 'reconnecting', attempt, code });
  }
  onFailed(code: AgentFailure, detail: string): void {
    this.#add({ type: 'failed', code, detail });
  }

  #add(event: AgentEvent): void {
    this.events.push(event);
    this.react(event);
    this.#wake();
  }
}
