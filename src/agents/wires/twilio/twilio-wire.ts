import type { AgentInstruction, TwilioAgent } from '../../../call/index.ts';
import type { AgentLoss, AgentWire, CallContext, WireListener, WireServices } from '../../agent.ts';
import { AgentHttpError, askAgent } from '../../net/http.ts';
import { broken } from '../../net/socket-end.ts';
import { SoundFileError } from '../../net/sound-file-error.ts';
import { callParameters, transcriptParameter, webhookForm } from './call-parameters.ts';
import { fetchTwiml } from './fetch-twiml.ts';
import { MediaStream } from './media-stream.ts';
import { PendingMarks } from './pending-marks.ts';
import { runDocument, type Stage } from './run-document.ts';
import { callSidOf } from './sids.ts';
import { type HttpMethod, parseTwiml, TwimlError, type Verb } from './twiml.ts';

/** Largest file of `<Play>`, bytes: nearly three minutes of stereo WAV at 24 kHz. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Why a document cannot go on. */
class Lost extends Error {
  readonly loss: AgentLoss;

  constructor({ code, retryable, detail }: AgentLoss) {
    super(detail);
    this.loss = { code, retryable, detail };
  }
}

/**
 * Is Twilio to an agent: runs its TwiML, and speaks Media Streams with it. An agent that is reached by its stream alone has
 * a document with nothing but that stream in it.
 */
export class TwilioWire implements AgentWire {
  readonly #target: TwilioAgent;
  readonly #context: CallContext;
  readonly #listener: WireListener;
  readonly #services: WireServices;
  readonly #marks = new PendingMarks();
  readonly #answered = Promise.withResolvers<void>();
  #state: 'idle' | 'connected' | 'hung up' | 'closed' = 'idle';
  #ready = false;
  #onTheLine = false;
  /** Aborted when the document that runs is abandoned. */
  #run = new AbortController();
  #stream: MediaStream | null = null;
  #dialDeadline: NodeJS.Timeout | undefined;
  /** A file on its way to the playout queue: it cannot be called back. */
  #queueing: Promise<unknown> = Promise.resolve();
  #filesPlayed = 0;
  /** Resolves when every socket of this wire is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  #droppedMs = 0;

  constructor(target: TwilioAgent, context: CallContext, listener: WireListener, services: WireServices) {
    this.#target = target;
    this.#context = context;
    this.#listener = listener;
    this.#services = services;
  }

  get callerAudioDroppedMs(): number {
    return this.#droppedMs + (this.#stream?.droppedMs ?? 0);
  }

  connect(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'connected';
    const { kind, url } = this.#target.entry;
    this.#perform(async (signal) =>
      kind === 'webhook' ? this.#fetch(url, 'POST', signal) : [{ name: 'connect', url, parameters: {} }],
    );
  }

  start(): void {
    this.#onTheLine = true;
    this.#answered.resolve();
    this.#stream?.begin();
  }

  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    this.#stream?.callerAudio(pcm, mediaTimeMs);
  }

  callerDtmf(digit: string): void {
    this.#stream?.callerDtmf(digit);
  }

  /** Twilio echoes a mark whose sound was cleared as it does one whose sound was played. */
  marked(name: string): void {
    this.#marks.settle(name);
  }

  cleared(): void {}

  instruct(instruction: AgentInstruction): void {
    if (this.#state !== 'connected' || instruction.type === 'message') return;
    this.#abandon();
    this.#perform(async (signal) => {
      const verbs =
        instruction.type === 'twiml'
          ? parseTwiml(instruction.twiml, null)
          : await this.#fetch(instruction.url, instruction.method, signal);
      await this.#queueing;
      // What hangs up has just said goodbye; anything else takes the place of what is being said.
      const hangsUp = verbs[0] === undefined || verbs[0].name === 'hangup' || verbs[0].name === 'reject';
      if (this.#ready && !hangsUp && !signal.aborted) this.#listener.onClear();
      return verbs;
    });
  }

  async callEnded(): Promise<void> {
    this.#state = 'closed';
    this.#abandon();
    await this.#gone;
  }

  abort(): void {
    this.#state = 'closed';
    this.#run.abort();
    this.#retireStream()?.cut();
  }

  /** Runs a document until the call is to be hung up, the agent is lost, or the document abandoned. */
  #perform(source: (signal: AbortSignal) => Promise<readonly Verb[]>): void {
    this.#run = new AbortController();
    const { signal } = this.#run;
    const stage: Stage = {
      fetch: (url, method) => this.#fetch(url, method, signal),
      connect: (verb) => this.#join(verb.url, verb.parameters),
      play: (verb) => this.#play(verb.url, verb.times, signal),
      onTheLine: () => {
        this.#becomeReady();
        return this.#answered.promise;
      },
    };
    source(signal)
      .then((verbs) => runDocument(verbs, stage, signal))
      .then(
        (reason) => {
          if (!signal.aborted) this.#hangUp(reason);
        },
        (error: unknown) => {
          if (!signal.aborted) this.#lose(this.#lossOf(error));
        },
      );
  }

  #abandon(): void {
    this.#run.abort();
    this.#retireStream()?.close();
  }

  #fetch(url: string, method: HttpMethod, signal: AbortSignal): Promise<readonly Verb[]> {
    return fetchTwiml({
      url,
      method,
      form: webhookForm(this.#target, this.#context, this.#onTheLine),
      authToken: this.#target.authToken,
      timeoutMs: this.#target.connectTimeoutMs,
      allowLinkLocal: this.#services.allowLinkLocal,
      signal,
    });
  }

  /** Resolves when the agent ends the stream. */
  #join(url: string, parameters: Readonly<Record<string, string>>): Promise<string | null> {
    const { promise, resolve, reject } = Promise.withResolvers<string | null>();
    const request = {
      url,
      accountSid: this.#target.accountSid,
      callSid: callSidOf(this.#context.identity.id),
      customParameters: {
        ...callParameters(this.#target, this.#context),
        ...transcriptParameter(this.#context),
        ...parameters,
      },
      allowLinkLocal: this.#services.allowLinkLocal,
    };
    const stream = new MediaStream(request, this.#listener, this.#marks, {
      onOpen: () => {
        clearTimeout(this.#dialDeadline);
        this.#becomeReady();
        if (this.#onTheLine) stream.begin();
      },
      onEnd: (end) => {
        this.#retireStream();
        if (end.kind === 'closed') resolve(end.reason);
        else reject(new Lost(end));
      },
    });
    this.#stream = stream;
    // Until the agent is ready its time is kept by whoever owns this wire.
    if (this.#ready) {
      this.#dialDeadline = setTimeout(() => {
        this.#retireStream()?.cut();
        reject(new Lost(broken('connect_timeout', true, 'the stream did not open in time')));
      }, this.#target.connectTimeoutMs);
    }
    return promise;
  }

  async #play(url: string, times: number, signal: AbortSignal): Promise<void> {
    const file = await askAgent({
      url,
      method: 'GET',
      timeoutMs: this.#target.connectTimeoutMs,
      maxBytes: MAX_FILE_BYTES,
      allowLinkLocal: this.#services.allowLinkLocal,
      signal,
    });
    for (let i = 0; i < times && !signal.aborted; i += 1) {
      const queued = this.#listener.onFile(file);
      this.#queueing = queued.catch(() => {});
      const lengthMs = await queued;
      if (signal.aborted || lengthMs === 0) return;
      await this.#played();
    }
  }

  /** Resolves when what is queued was played or cleared. */
  #played(): Promise<void> {
    this.#filesPlayed += 1;
    const name = `talkwire.play.${this.#filesPlayed}`;
    return new Promise((resolve) => {
      this.#marks.add(name, resolve);
      this.#listener.onMark(name);
    });
  }

  #becomeReady(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#listener.onReady();
  }

  /** Before it was ready the agent has declined, and there is nothing to play. */
  #hangUp(reason: string | null): void {
    this.#state = 'hung up';
    this.#listener.onHangup(this.#ready, reason);
  }

  #lose(loss: AgentLoss): void {
    this.#state = 'closed';
    this.#listener.onLost(loss);
  }

  #lossOf(error: unknown): AgentLoss {
    if (error instanceof Lost) return error.loss;
    if (error instanceof AgentHttpError) return new Lost(error.loss).loss;
    const detail = faultOf(error);
    if (detail === null) {
      const name = error instanceof Error ? error.name : typeof error;
      this.#services.warn('a TwiML document could not be run', { error: name });
    }
    return new Lost(broken('protocol_error', false, detail ?? 'the document could not be run')).loss;
  }

  /** Takes the stream that there is out of the wire, for the caller to end. */
  #retireStream(): MediaStream | null {
    clearTimeout(this.#dialDeadline);
    const stream = this.#stream;
    if (stream === null) return null;
    this.#stream = null;
    this.#droppedMs += stream.droppedMs;
    this.#gone = Promise.all([this.#gone, stream.closed]);
    return stream;
  }
}

function faultOf(error: unknown): string | null {
  if (error instanceof TwimlError) return `TwiML: ${error.message}`;
  if (error instanceof SoundFileError) return `<Play>: ${error.message}`;
  return null;
}
