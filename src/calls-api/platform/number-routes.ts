import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { VoiceAgentBook } from '../../agents/ports.ts';
import type { GraphRefusal } from '../../permissions/index.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { numberedPageOf, onPage, pageMeta } from '../base/numbered-page.ts';
import { platformNumber } from '../base/numbers-of-caller.ts';
import { sendRefused } from '../base/refusals.ts';
import type {
  ConnectedNumber,
  KnownNumbers,
  NumberBook,
  NumberCredentials,
  NumberGraph,
  NumberStandings,
  SettingsMirror,
} from '../ports.ts';
import { toNumber } from './number-answer.ts';
import { findAtGraph, keepSettings, switchCalling } from './number-at-graph.ts';
import { newNumberBody, newTokenBody, numberBodyIn, numberChangesBody } from './number-body.ts';
import { CHANGE, CHANGE_OLDER, CONNECT, GET, LIST, REMOVE, ROTATE } from './number-operations.ts';

export interface NumberRoutesOptions {
  readonly numbers: KnownNumbers & NumberBook;
  readonly standings: NumberStandings;
  readonly graph: NumberGraph;
  readonly mirror: SettingsMirror;
  readonly agents: Pick<VoiceAgentBook, 'assignments' | 'removeAssignment'>;
  readonly webhooks: NumberWebhooks;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Where events of a number go. */
export interface NumberWebhooks {
  /** All of the project, or those of one number. */
  list(projectId: string, phoneNumberId?: string): readonly { readonly id: string }[];
  remove(id: string): Promise<boolean>;
}

interface NumberRoute {
  Params: { phoneNumberId: string };
}

const PATH = '/platform/v1/whatsapp/phone_numbers';
/** A number has no configuration of its own here: its id stands for it (kapso-api.md §7). */
const OLDER = '/api/v1/whatsapp_configs';

/** The business numbers of a project. Tokens are taken and never told. */
export function numberRoutes(server: FastifyInstance, options: NumberRoutesOptions): void {
  const { numbers, standings, graph, mirror, now } = options;

  const told = async (phoneNumberId: string) => {
    const number = numbers.connectedNumber(phoneNumberId);
    if (number === null) throw new ApiError('number_not_found');
    return { data: (await answersOf([number]))[0] };
  };

  async function answersOf(connected: readonly ConnectedNumber[]) {
    const ids = connected.map(({ phoneNumberId }) => phoneNumberId);
    const heard = await standings.standingOf(ids, now());
    return connected.map((number) => toNumber(number, heard.get(number.phoneNumberId)));
  }

  server.get<{ Querystring: Record<string, unknown> }>(PATH, LIST, async (request) => {
    const page = numberedPageOf(request.query);
    const all = numbers.connected(callerOf(request).projectId);
    return { data: await answersOf(onPage(all, page)), meta: pageMeta(page, all.length) };
  });

  server.get<NumberRoute>(`${PATH}/:phoneNumberId`, GET, async (request) => told(numberIn(request, numbers)));

  server.post(PATH, CONNECT, async (request, reply) => {
    const given = numberBodyIn(newNumberBody, request.body);
    const phoneNumberId = given.phone_number_id;
    const credentials: NumberCredentials = { kind: given.credential_kind, secret: given.access_token };
    // Graph first: who holds no token of the number is not told whether it is here.
    const found = await findAtGraph(graph, phoneNumberId, credentials);
    if (isRefusal(found)) return sendRefused(reply, { type: 'refused', refusal: found });
    const settings = await graph.settings(phoneNumberId, credentials);
    const number = {
      ...found,
      phoneNumberId,
      projectId: callerOf(request).projectId,
      businessAccountId: given.business_account_id,
      credentials,
      appSecret: given.app_secret,
      storesMessages: given.store_messages,
    };
    if (!(await numbers.connect(number, now()))) throw new ApiError('number_taken');
    await keepSettings(mirror, phoneNumberId, settings);
    return reply.code(201).send(await told(phoneNumberId));
  });

  async function change(request: FastifyRequest<NumberRoute>, reply: FastifyReply): Promise<FastifyReply> {
    const phoneNumberId = numberIn(request, numbers);
    const given = numberBodyIn(numberChangesBody, request.body);
    const { calls_enabled: on, store_messages: storesMessages } = given;
    const { business_account_id: businessAccountId, app_secret: appSecret } = given;
    const refusal = on === undefined ? null : await switchCalling(graph, mirror, phoneNumberId, on);
    if (refusal !== null) return sendRefused(reply, { type: 'refused', refusal });
    const changes = {
      ...(storesMessages !== undefined && { storesMessages }),
      ...(businessAccountId !== undefined && { businessAccountId }),
      ...(appSecret !== undefined && { appSecret }),
    };
    if (Object.keys(changes).length > 0) await numbers.change(phoneNumberId, changes, now());
    return reply.send(await told(phoneNumberId));
  }

  server.patch<NumberRoute>(`${PATH}/:phoneNumberId`, CHANGE, change);
  server.patch<NumberRoute>(`${OLDER}/:phoneNumberId`, CHANGE_OLDER, change);

  server.post<NumberRoute>(`${PATH}/:phoneNumberId/rotate_token`, ROTATE, async (request, reply) => {
    const phoneNumberId = numberIn(request, numbers);
    const given = numberBodyIn(newTokenBody, request.body);
    const kind = given.credential_kind ?? numbers.connectedNumber(phoneNumberId)?.credentialKind ?? 'bearer';
    const credentials: NumberCredentials = { kind, secret: given.access_token };
    const found = await findAtGraph(graph, phoneNumberId, credentials);
    if (isRefusal(found)) return sendRefused(reply, { type: 'refused', refusal: found });
    await numbers.change(phoneNumberId, { credentials, ...known(found) }, now());
    return reply.send(await told(phoneNumberId));
  });

  server.delete<NumberRoute>(`${PATH}/:phoneNumberId`, REMOVE, async (request, reply) => {
    const phoneNumberId = numberIn(request, numbers);
    const { projectId } = callerOf(request);
    const removal = await numbers.remove(phoneNumberId, now());
    if (removal === 'calls_live') throw new ApiError('number_in_use');
    const { agents, webhooks } = options;
    for (const { id } of agents.assignments({ phoneNumberId })) await agents.removeAssignment(id);
    for (const { id } of webhooks.list(projectId, phoneNumberId)) await webhooks.remove(id);
    return reply.code(204).send();
  });
}

function numberIn(request: FastifyRequest<NumberRoute>, numbers: KnownNumbers): string {
  return platformNumber(request, numbers, request.params.phoneNumberId);
}

function isRefusal(found: object | GraphRefusal): found is GraphRefusal {
  return 'type' in found;
}

/** What Graph did not tell stays as it was. */
function known<T extends object>(found: T): Partial<T> {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null)) as Partial<T>;
}
