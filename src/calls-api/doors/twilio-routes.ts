import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callSidOf, keyOfCallSid, twimlFault } from '../../agents/index.ts';
import type { AgentInstruction, Direction } from '../../call/index.ts';

/** The calls that agents of the `twilio` wire have, by our own id of the call. */
export interface TwilioCalls {
  /** Null once the call is over, or if no such agent has it. */
  find(key: string): TwilioCall | null;
  /** Ends the call when what is queued was played. False if it is over. */
  hangUp(key: string): boolean;
  /** False if the call is over. */
  instruct(key: string, instruction: AgentInstruction): boolean;
}

export interface TwilioCall {
  /** Who may ask: the user name and the password. Without a token nobody may. */
  readonly agent: { readonly accountSid: string; readonly authToken: string | null };
  readonly status: 'ringing' | 'in-progress';
  /** In Twilio's spelling (agents: partiesOf). */
  readonly from: string | null;
  readonly to: string | null;
  readonly direction: Direction;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly answeredAt: number | null;
}

/** An answer that is not a call, with Twilio's number for it. */
class TwilioError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

type CallRoute = { Params: { account: string; call: string } };
type Status = TwilioCall['status'] | 'completed' | 'canceled';

/** `Twiml` of 64 KB, escaped. */
const BODY_LIMIT_BYTES = 256 * 1024;
const PATH = '/2010-04-01/Accounts/:account/Calls/:call(^[A-Za-z0-9]+).json';

/**
 * As much of Twilio's REST API as a bot needs to hang up or to redirect its call, and to look at it. A bot is pointed here
 * by its `base_url`, `edge` or whatever its library has.
 */
export function twilioRoutes(server: FastifyInstance, calls: TwilioCalls): void {
  server.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
      async (_: unknown, body: unknown) => new URLSearchParams(String(body)),
    );
    scope.setErrorHandler((fault, _request, reply) => replyWithError(fault, reply));

    scope.get<CallRoute>(PATH, async (request) => {
      const { key, call } = findCall(calls, request);
      return resourceOf(key, call, call.status);
    });

    scope.post<CallRoute>(PATH, { bodyLimit: BODY_LIMIT_BYTES }, async (request) => {
      const { key, call } = findCall(calls, request);
      const update = readUpdate(request.body);
      if (update.type !== 'status') {
        if (!calls.instruct(key, update)) throw notFound(request);
        return resourceOf(key, call, call.status);
      }
      // Twilio: canceling does not affect a call that was answered.
      if (update.status === 'canceled' && call.status === 'in-progress') return resourceOf(key, call, call.status);
      if (!calls.hangUp(key)) throw notFound(request);
      return resourceOf(key, call, update.status);
    });
  });
}

function findCall(calls: TwilioCalls, request: FastifyRequest<CallRoute>): { key: string; call: TwilioCall } {
  const given = readBasic(request.headers.authorization);
  if (given === null) throw unauthorized();
  const { account, call: sid } = request.params;
  const key = keyOfCallSid(sid);
  const call = key === null ? null : calls.find(key);
  if (key === null || call === null) throw notFound(request);
  const { accountSid, authToken } = call.agent;
  if (authToken === null || !isSame(given, `${accountSid}:${authToken}`)) throw unauthorized();
  if (account !== accountSid) throw notFound(request);
  return { key, call };
}

/** `user:password`; null if there is none. */
function readBasic(header: string | undefined): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? '')?.[1];
  return encoded === undefined ? null : Buffer.from(encoded, 'base64').toString('utf8');
}

/** Digests have one length, which the comparison needs; its time says nothing of what was right. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

type Update =
  | { readonly type: 'status'; readonly status: 'completed' | 'canceled' }
  | Exclude<AgentInstruction, { type: 'message' }>;

const FIELDS = ['Status', 'Twiml', 'Url', 'Method'];

function readUpdate(body: unknown): Update {
  if (!(body instanceof URLSearchParams)) {
    throw badRequest('the body must be a form (application/x-www-form-urlencoded)');
  }
  const strange = [...body.keys()].find((field) => !FIELDS.includes(field));
  if (strange !== undefined) throw badRequest(`${strange} is not supported`);
  const status = body.get('Status');
  const twiml = body.get('Twiml');
  const url = body.get('Url');
  if ([status, twiml, url].filter((field) => field !== null).length !== 1) {
    throw badRequest('one of Status, Twiml and Url must be given');
  }
  if (status !== null) return readStatus(status);
  return twiml === null ? readUrl(url ?? '', body.get('Method')) : readTwiml(twiml);
}

function readStatus(status: string): Update {
  if (status !== 'completed' && status !== 'canceled') throw badRequest('Status must be completed or canceled');
  return { type: 'status', status };
}

function readTwiml(twiml: string): Update {
  const fault = twimlFault(twiml);
  if (fault !== null) throw new TwilioError(400, 12100, `Twiml: ${fault}`);
  return { type: 'twiml', twiml };
}

function readUrl(text: string, method: string | null): Update {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new TwilioError(400, 21205, 'Url must be an http:// or https:// URL');
  }
  const verb = (method ?? 'POST').toUpperCase();
  if (verb !== 'GET' && verb !== 'POST') throw badRequest('Method must be GET or POST');
  return { type: 'twiml_url', url: url.href, method: verb };
}

/** Twilio's call resource; what we do not know of a call, such as its price, is null. */
function resourceOf(key: string, call: TwilioCall, status: Status): object {
  const sid = callSidOf(key);
  const { accountSid } = call.agent;
  const path = `/2010-04-01/Accounts/${accountSid}/Calls/${sid}`;
  return {
    sid,
    account_sid: accountSid,
    parent_call_sid: null,
    phone_number_sid: null,
    from: call.from,
    from_formatted: call.from,
    to: call.to,
    to_formatted: call.to,
    direction: call.direction === 'inbound' ? 'inbound' : 'outbound-api',
    status,
    date_created: rfc2822(call.startedAt),
    date_updated: rfc2822(call.answeredAt ?? call.startedAt),
    start_time: call.answeredAt === null ? null : rfc2822(call.answeredAt),
    end_time: null,
    duration: null,
    price: null,
    price_unit: null,
    answered_by: null,
    api_version: '2010-04-01',
    forwarded_from: null,
    group_sid: null,
    caller_name: null,
    queue_time: '0',
    trunk_sid: null,
    uri: `${path}.json`,
    subresource_uris: {},
  };
}

/** Twilio's libraries read this form and no other. */
function rfc2822(time: number): string {
  return new Date(time).toUTCString().replace('GMT', '+0000');
}

function unauthorized(): TwilioError {
  return new TwilioError(401, 20003, 'Authenticate');
}

function notFound(request: FastifyRequest): TwilioError {
  return new TwilioError(404, 20404, `The requested resource ${request.url} was not found`);
}

function badRequest(message: string): TwilioError {
  return new TwilioError(400, 20001, message);
}

function replyWithError(fault: unknown, reply: FastifyReply): FastifyReply {
  const error = fault instanceof TwilioError ? fault : toTwilioError(fault);
  const { status, code, message } = error;
  if (status === 401) reply.header('WWW-Authenticate', 'Basic realm="Twilio API"');
  const more_info = `https://www.twilio.com/docs/errors/${code}`;
  return reply.code(status).send({ code, message, more_info, status });
}

/** What could not even be read is the client's fault; all else goes to the server's own handler. */
function toTwilioError(fault: unknown): TwilioError {
  const status = fault instanceof Error && 'statusCode' in fault ? Number(fault.statusCode) : 500;
  if (status < 400 || status > 499) throw fault;
  return new TwilioError(status, 20001, 'The request could not be read');
}
