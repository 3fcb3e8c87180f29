import { readFileSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import type { AgentLines } from '../agents/index.ts';
import type { VoiceAgentBook } from '../agents/ports.ts';
import type { DeliveryLog, EventDesk, WebhookBook } from '../events/ports.ts';
import type { ClientDesk, DialDesk, DialRulesBook, PermissionBook } from '../permissions/index.ts';
import { replyToBadPath, replyWithErrors } from './base/error-replies.ts';
import { guard } from './base/guard.ts';
import { readJsonBodies } from './base/json-bodies.ts';
import { demandDescriptions } from './base/operation.ts';
import { type AnsweredRequest, watchAnswers } from './base/watch-answers.ts';
import { attachAgentDoor, isWebsocketUpgrade } from './doors/agent-door-routes.ts';
import { healthRoutes } from './doors/health-routes.ts';
import { mediaRoutes } from './doors/media-routes.ts';
import { type TwilioCalls, twilioRoutes } from './doors/twilio-routes.ts';
import { webhookRoutes } from './doors/webhook-routes.ts';
import { callRoutes } from './graph/call-routes.ts';
import { contactRoutes } from './graph/contact-routes.ts';
import { conversationRoutes } from './graph/conversation-routes.ts';
import { graphRoutes } from './graph/graph-routes.ts';
import { MediaLinks } from './graph/media-links.ts';
import { messageRoutes } from './graph/message-routes.ts';
import { passThroughRoutes } from './graph/pass-through-routes.ts';
import { permissionRoutes } from './graph/permission-routes.ts';
import { sendMessageRoutes } from './graph/send-message-routes.ts';
import { settingsRoutes } from './graph/settings-routes.ts';
import { docsRoutes } from './openapi/docs-routes.ts';
import { collectRoutes } from './openapi/route-book.ts';
import { callControlRoutes } from './platform/call-control-routes.ts';
import { callListRoutes } from './platform/call-list-routes.ts';
import { callRulesAnswer, callRulesBody, callRulesIn, toCallRules } from './platform/call-rules.ts';
import { deliveryRoutes } from './platform/delivery-routes.ts';
import { dialRoutes } from './platform/dial-routes.ts';
import { dialRulesAnswer, dialRulesBody, dialRulesIn, toDialRules } from './platform/dial-rules.ts';
import { eventWebhookRoutes } from './platform/event-webhook-routes.ts';
import { keyRoutes } from './platform/key-routes.ts';
import { metricsRoutes } from './platform/metrics-routes.ts';
import { numberRoutes } from './platform/number-routes.ts';
import { numberRulesRoutes } from './platform/number-rules-routes.ts';
import { projectRoutes } from './platform/project-routes.ts';
import { voiceAgentRoutes } from './platform/voice-agent-routes.ts';
import type {
  AccountNumbers,
  AgentHealth,
  ApiKeyBook,
  CallControls,
  CallQueries,
  ContactBook,
  ConversationBook,
  GraphForward,
  GraphProxy,
  HealthCheck,
  KeyRing,
  KnownNumbers,
  LiveCalls,
  MessageHistory,
  MetricsText,
  NumberBook,
  NumberGraph,
  NumberRulesBook,
  NumberStandings,
  ProjectBook,
  SentMessages,
  SettingsMirror,
  WebhookReceiver,
} from './ports.ts';

/** The part of a pino logger that is used here. */
export interface ApiLogger {
  error(fields: object, message: string): void;
}

export interface ApiServerOptions {
  readonly webhooks: WebhookReceiver;
  readonly calls: CallQueries;
  readonly contacts: ContactBook;
  readonly conversations: ConversationBook;
  readonly messages: MessageHistory;
  readonly numbers: KnownNumbers & AccountNumbers & NumberBook & NumberRulesBook & DialRulesBook;
  readonly numberStandings: NumberStandings;
  readonly numberGraph: NumberGraph;
  readonly settingsMirror: SettingsMirror;
  readonly events: EventRooms;
  readonly agents: VoiceAgentBook;
  /** Default: nothing is known of any. */
  readonly agentHealth?: (agentId: string) => AgentHealth;
  /** Agents that dial us. */
  readonly agentLines: AgentLines;
  readonly twilioCalls: TwilioCalls;
  readonly dials: DialDesks;
  readonly graphProxy: GraphProxy;
  /** Default: nobody keeps what clients send. */
  readonly sentMessages?: SentMessages;
  readonly live: LiveCalls;
  readonly controls: CallControls;
  /** Agents may have link-local and metadata addresses. */
  readonly allowLinkLocalAgents: boolean;
  readonly keys: KeyRing;
  readonly projects: ProjectBook;
  readonly apiKeys: ApiKeyBook;
  /** Of one key; 0, which is the default, for any number. */
  readonly requestsPerSecond?: number;
  /** Proxies whose word is taken for where a request came from: addresses and networks. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Base of the links between pages, such as `https://bridge.example.com`. Default: what the request says. */
  readonly publicUrl?: string | null;
  readonly health: HealthCheck;
  readonly metrics: MetricsText;
  readonly onAnswered?: (request: AnsweredRequest) => void;
  /** Unix milliseconds. */
  readonly clock: { now(): number };
  readonly logger: ApiLogger;
}

/** Where events go, and what became of them. */
export interface EventRooms {
  readonly webhooks: WebhookBook;
  readonly deliveries: DeliveryLog;
  readonly desk: Pick<EventDesk, 'test'>;
  /** http:// and private networks may be sent to. */
  readonly privateAllowed: boolean;
}

/** Calls that the business starts. */
export interface DialDesks {
  readonly desk: Pick<DialDesk, 'dial' | 'cancel'>;
  readonly clients: Pick<ClientDesk, 'connect' | 'send' | 'permissions'>;
  readonly keys: Pick<PermissionBook, 'remember' | 'forget'>;
  readonly forward: GraphForward;
}

const { version: VERSION } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** For requests that are under way when the service stops. */
const LAST_MOMENTS_MS = 3_000;

/** Builds the HTTP server with all its routes; the caller listens and closes. */
export function createApiServer(options: ApiServerOptions): FastifyInstance {
  const { trustedProxies = [] } = options;
  const now = () => options.clock.now();
  const server = Fastify({
    // Requests carry phone numbers and keys: only what goes wrong is logged, by us.
    logger: false,
    // A client that never finishes its request must not hold a connection for ever; an upload of 100 MB may take its time.
    requestTimeout: 300_000,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    http: { headersTimeout: 30_000, shouldUpgradeCallback: isWebsocketUpgrade },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    frameworkErrors: replyToBadPath(now),
  });
  if (options.onAnswered !== undefined) watchAnswers(server, options.onAnswered);
  const described = collectRoutes(server);
  docsRoutes(server, described, VERSION);
  replyWithErrors(server, options.logger, now);

  webhookRoutes(server, options.webhooks);
  twilioRoutes(server, options.twilioCalls);
  attachAgentDoor(server, options.agentLines);
  const { logger, graphProxy } = options;
  const publicUrl = options.publicUrl?.replace(/\/+$/, '') ?? null;
  const passing = { graphProxy, publicUrl, numbers: options.numbers, mediaLinks: new MediaLinks(now) };
  mediaRoutes(server, passing);

  healthRoutes(server, options.health, now);

  // Whoever is slow with a body, or with taking an answer, does not hold up the stop.
  server.addHook('preClose', async () => {
    setTimeout(() => server.server.closeAllConnections(), LAST_MOMENTS_MS).unref();
  });

  server.decorateRequest('caller', null);
  server.register(async (guarded) => {
    const { keys, projects, apiKeys, requestsPerSecond = 0 } = options;
    await guard(guarded, { keys, projects, perSecond: requestsPerSecond, now });
    demandDescriptions(guarded);
    readJsonBodies(guarded);
    callRoutes(guarded, { calls: options.calls, numbers: options.numbers, publicUrl });
    callListRoutes(guarded, { calls: options.calls, publicUrl, now });
    voiceAgentRoutes(guarded, {
      book: options.agents,
      numbers: options.numbers,
      allowLinkLocal: options.allowLinkLocalAgents,
      health: options.agentHealth ?? (() => 'unknown'),
      onChanged: () => options.agentLines.recheck(),
      now,
    });
    numberRulesRoutes(guarded, options.numbers, {
      name: 'call_rules',
      read: (id) => options.numbers.rules(id),
      write: (id, rules) => options.numbers.setRules(id, rules, now()),
      rulesIn: callRulesIn,
      toAnswer: toCallRules,
      body: callRulesBody,
      answer: callRulesAnswer,
    });
    const { calls, live, numbers, dials } = options;
    numberRulesRoutes(guarded, numbers, {
      name: 'dial_rules',
      read: (id) => numbers.dialRules(id),
      write: (id, rules) => numbers.setDialRules(id, rules, now()),
      rulesIn: dialRulesIn,
      toAnswer: toDialRules,
      body: dialRulesBody,
      answer: dialRulesAnswer,
    });
    dialRoutes(guarded, { ...dials, numbers, agents: options.agents, calls, live, now });
    numberRoutes(guarded, {
      numbers,
      standings: options.numberStandings,
      graph: options.numberGraph,
      mirror: options.settingsMirror,
      agents: options.agents,
      webhooks: options.events.webhooks,
      now,
    });
    metricsRoutes(guarded, options.metrics);
    callControlRoutes(guarded, { calls, agents: options.agents, controls: options.controls });
    projectRoutes(guarded, { projects, apiKeys, webhooks: options.events.webhooks, now });
    keyRoutes(guarded, { apiKeys, now });
    const { privateAllowed, ...events } = options.events;
    eventWebhookRoutes(guarded, { ...events, numbers, rules: { privateAllowed }, now });
    deliveryRoutes(guarded, { deliveries: events.deliveries, publicUrl, now });
    graphRoutes(guarded, { ...dials, calls, live, numbers });
    permissionRoutes(guarded, { ...dials, numbers });
    const { contacts, conversations, messages } = options;
    contactRoutes(guarded, { contacts, numbers, publicUrl, now });
    conversationRoutes(guarded, { conversations, numbers, publicUrl, now });
    messageRoutes(guarded, { messages, numbers, publicUrl });
    sendMessageRoutes(guarded, { ...dials, numbers, logger, now, sentMessages: options.sentMessages ?? null });
    settingsRoutes(guarded, { ...passing, logger, now, settingsMirror: options.settingsMirror });
    passThroughRoutes(guarded, passing);
  });
  return server;
}
