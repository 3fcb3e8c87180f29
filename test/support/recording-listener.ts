import type { Transcript, WireListener } from '../../src/agents/index.ts';

/** What a wire and a line both say of an agent. */
type SpokenEvent =
  | { readonly type: 'audio'; readonly samples: Int16Array; readonly itemId: string | null }
  | { readonly type: 'file'; readonly bytes: Uint8Array }
  | { readonly type: 'clear' }
  | { readonly type: 'mark'; readonly name: string }
  | { readonly type: 'dtmf'; readonly digits: string }
  | { readonly type: 'message'; readonly data: unknown }
  | { readonly type: 'transcript'; readonly transcript: Transcript }
  | { readonly type: 'hangup'; readonly drain: boolean; readonly reason: string | null };

type Of<Event, Type> = Extract<Event, { readonly type: Type }>;

/** A listener that writes down what it is told, and lets a test wait for it. `Own`: what only its kind is told. */
export class RecordingListener<Own extends { readonly type: string }>
  implements Omit<WireListener, 'onReady' | 'onLost'>
{
  readonly events: (SpokenEvent | Own)[] = [];
  /** Called with every event as it happens: a test answers clears and marks here, as a session does. */
  react: (event: SpokenEvent | Own) => void = () => {};
  /** What `onFile` resolves to, milliseconds. */
  fileMs = 1_000;
  #read = 0;
  #wake: () => void = () => {};

  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  all<T extends (SpokenEvent | Own)['type']>(type: T): Of<SpokenEvent | Own, T>[] {
    return this.events.filter((event): event is Of<SpokenEvent | Own, T> => event.type === type);
  }

  /** The next event of this type that no `next` passed yet. */
  async next<T extends (SpokenEvent | Own)['type']>(type: T): Promise<Of<SpokenEvent | Own, T>> {
    for (;;) {
      while (this.#read < this.events.length) {
        const event = this.events[this.#read]!;
        this.#read += 1;
        if (event.type === type) return event as Of<SpokenEvent | Own, T>;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  onAudio(pcm: Int16Array, itemId: string | null): void {
    this.add({ type: 'audio', samples: pcm.slice(), itemId });
  }
  async onFile(bytes: Uint8Array): Promise<number> {
    this.add({ type: 'file', bytes });
    return this.fileMs;
  }
  onClear(): void {
    this.add({ type: 'clear' });
  }
  onMark(name: string): void {
    this.add({ type: 'mark', name });
  }
  onDtmf(digits: string): void {
    this.add({ type: 'dtmf', digits });
  }
  onMessage(data: unknown): void {
    this.add({ type: 'message', data });
  }
  onTranscript(transcript: Transcript): void {
    this.add({ type: 'transcript', transcript });
  }
  onHangup(drain: boolean, reason: string | null): void {
    this.add({ type: 'hangup', drain, reason });
  }

  protected add(event: SpokenEvent | Own): void {
    this.events.push(event);
    this.react(event);
    this.#wake();
  }
}
