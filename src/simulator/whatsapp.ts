import { BusinessCalls } from './business-calls.ts';
import { FaultScript, type GraphFate } from './fault-script.ts';
import type { GraphRequestRecord } from './graph-record.ts';
import { type GraphOutcome, type GraphRequest, type GraphServer, startGraphServer } from './graph-server.ts';
import type { CallManners, RequestManners } from './manners.ts';
import { Office } from './office.ts';
import type { PermissionJudge } from './permissions/permission-judge.ts';
import type { BusinessNumber } from './permissions/permission-webhooks.ts';
import type { SimulatedCall } from './simulated-call.ts';
import { UserCalls } from './user-calls.ts';
import type { UserName } from './user-directory.ts';
import { WebhookSender } from './webhook-sender.ts';
import { type CallOptions, type SimulatedWhatsAppOptions, withDefaults } from './whatsapp-options.ts';

export interface SimulatedWhatsApp {
  /** Base URL for the bridge's Graph client, without a version. */
  readonly graphUrl: string;
  /** Every request that Graph saw, oldest first. */
  readonly graphRequests: readonly GraphRequestRecord[];
  /** Calls that are not closed yet. */
  readonly liveCalls: number;
  /** The books on permissions and limits, with everything that was refused. */
  readonly judge: PermissionJudge;
  /** Those of the business; the first is the one that is meant where none is named. */
  readonly numbers: readonly BusinessNumber[];
  /** Calls of the business, oldest first, until this WhatsApp is closed. */
  readonly received: readonly SimulatedCall[];
  /**
   * A user calls the number. Resolves when it rings, before the webhook is answered. Rejects if this user is in a call
   * already, a fault is not valid, the audio cannot be read or is empty, or this WhatsApp was closed.
   */
  call(options?: CallOptions): Promise<SimulatedCall>;
  /** How a user takes calls of the business from now on; null: everybody of whom nothing is said. Default: picks up. */
  answerCalls(user: UserName | null, manners: CallManners): void;
  /** How a user takes permission requests from now on; null: everybody of whom nothing is said. Default: ignores them. */
  answerRequests(user: UserName | null, manners: RequestManners): void;
  /** Each call of the business once, in order. Rejects if none comes within `timeoutMs`. */
  nextReceived(timeoutMs: number): Promise<SimulatedCall>;
  /** The user allows calls on the profile of the business. Resolves when the webhook is settled, as the next three do. */
  grant(user: UserName, kind: 'temporary' | 'permanent', phoneNumberId?: string): Promise<void>;
  /**
   * The user takes it back there. Whether Meta tells is not known (meta-calling.md §3.7): with `tell` it does. Default: not.
   */
  revoke(user: UserName, options?: { readonly tell?: boolean; readonly phoneNumberId?: string }): Promise<void>;
  /** The user writes, which opens the window for free-form messages. */
  message(user: UserName, text?: string, phoneNumberId?: string): Promise<void>;
  /** WhatsApp pauses calls and requests of a number for low quality. `until` in Unix milliseconds. */
  restrict(until: number, phoneNumberId?: string): Promise<void>;
  /** Calling is switched on or off in the settings of a number. */
  switchCalling(on: boolean, phoneNumberId?: string): Promise<void>;
  /** Goes away without another word: no webhook is sent for calls that are live. */
  close(): Promise<void>;
}

/** Starts a WhatsApp on this desk. Rejects with the system's error if the port is taken. */
export async function startSimulatedWhatsApp(options: SimulatedWhatsAppOptions): Promise<SimulatedWhatsApp> {
  const whatsapp = new Desk(options);
  await whatsapp.start();
  return whatsapp;
}

const CLOSE_TIMEOUT_MS = 5_000;
const NO_FAULTS = new FaultScript([]);

class Desk implements SimulatedWhatsApp {
  readonly #abort = new AbortController();
  readonly #sender: WebhookSender;
  readonly #office: Office;
  readonly #userCalls: UserCalls;
  readonly #businessCalls: BusinessCalls;
  #server: GraphServer | null = null;

  constructor(input: SimulatedWhatsAppOptions) {
    const options = withDefaults(input);
    this.#sender = new WebhookSender({
      url: options.bridgeWebhookUrl,
      appSecret: options.appSecret,
      timeoutMs: options.webhookTimeoutMs,
      retryDelaysMs: options.webhookRetryDelaysMs,
    });
    const isReachable = (user: string) => this.#businessCalls.isReachable(user);
    this.#office = new Office(options, this.#sender, this.#abort.signal, isReachable);
    this.#userCalls = new UserCalls(this.#office);
    this.#businessCalls = new BusinessCalls(this.#office);
  }

  get graphUrl(): string {
    return this.#server?.url ?? '';
  }

  get graphRequests(): readonly GraphRequestRecord[] {
    return this.#server?.requests ?? [];
  }

  get liveCalls(): number {
    return this.#office.register.size;
  }

  get judge(): PermissionJudge {
    return this.#office.judge;
  }

  get numbers(): readonly BusinessNumber[] {
    return this.#office.numbers;
  }

  get received(): readonly SimulatedCall[] {
    return this.#businessCalls.received;
  }

  async start(): Promise<void> {
    const { host, port, token, g711, graphLatencyMs, now } = this.#office.options;
    const phoneNumberIds = this.#office.numbers.map((number) => number.phoneNumberId);
    this.#server = await startGraphServer(
      {
        host,
        port,
        phoneNumberIds,
        token,
        now,
        displayOf: (phoneNumberId) => this.#office.number(phoneNumberId).displayPhoneNumber,
        rules: { g711 },
        latencyMs: graphLatencyMs,
      },
      {
        find: (callId, phoneNumberId) => this.#office.register.find(callId, phoneNumberId),
        fate: (request) => this.#fate(request),
        perform: (request, phoneNumberId) => this.#perform(request, phoneNumberId),
      },
    );
  }

  async call(options: CallOptions = {}): Promise<SimulatedCall> {
    if (this.#abort.signal.aborted) throw new Error('The simulated WhatsApp is closed.');
    return this.#userCalls.place(options);
  }

  answerCalls(user: UserName | null, manners: CallManners): void {
    this.#businessCalls.setManners(this.#keyOf(user), manners);
  }

  answerRequests(user: UserName | null, manners: RequestManners): void {
    this.#office.permissions.manners.set(this.#keyOf(user), manners);
  }

  nextReceived(timeoutMs: number): Promise<SimulatedCall> {
    return this.#businessCalls.next(timeoutMs);
  }

  grant(user: UserName, kind: 'temporary' | 'permanent', phoneNumberId?: string): Promise<void> {
    return this.#office.permissions.grant(user, kind, this.#office.number(phoneNumberId));
  }

  revoke(user: UserName, options: { readonly tell?: boolean; readonly phoneNumberId?: string } = {}): Promise<void> {
    const { tell = false, phoneNumberId } = options;
    return this.#office.permissions.revoke(user, tell, this.#office.number(phoneNumberId));
  }

  message(user: UserName, text = 'Hello', phoneNumberId?: string): Promise<void> {
    return this.#office.permissions.message(user, text, this.#office.number(phoneNumberId));
  }

  restrict(until: number, phoneNumberId?: string): Promise<void> {
    return this.#office.permissions.restrict(until, this.#office.number(phoneNumberId));
  }

  switchCalling(on: boolean, phoneNumberId?: string): Promise<void> {
    return this.#office.permissions.switchCalling(on, this.#office.number(phoneNumberId));
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#sender.close();
    const calls = this.#office.register.live;
    for (const call of calls) call.hangUp();
    try {
      await Promise.all(calls.map((call) => call.diary.waitFor('closed', CLOSE_TIMEOUT_MS)));
    } finally {
      await this.#server?.close();
    }
  }

  #fate(request: GraphRequest): GraphFate {
    switch (request.action) {
      case 'connect':
        return this.#businessCalls.fate(request);
      case 'message':
      case 'call_permissions':
        return this.#office.permissions.script.graph(request.action);
      default:
        return (this.#office.register.get(request.callId)?.script ?? NO_FAULTS).graph(request.action);
    }
  }

  #perform(request: GraphRequest, phoneNumberId: string): GraphOutcome {
    switch (request.action) {
      case 'connect':
        return this.#businessCalls.connect(phoneNumberId, request);
      case 'message':
        return this.#office.permissions.takeMessage(phoneNumberId, request);
      case 'call_permissions':
        return this.#office.permissions.report(phoneNumberId, request.to);
      default: {
        const call = this.#office.register.get(request.callId);
        call?.perform(request);
        const body = { messaging_product: 'whatsapp', success: true };
        return call === null ? { ok: true, body } : { ok: true, body, settled: (event) => call.settled(event) };
      }
    }
  }

  #keyOf(user: UserName | null): string | null {
    return user === null ? null : this.#office.users.know(user).key;
  }
}
