import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isObject } from '../../agents/index.ts';
import { ApiError } from '../base/errors.ts';
import { graphNumber } from '../base/numbers-of-caller.ts';
import { described } from '../base/operation.ts';
import type { KnownNumbers, SettingsMirror } from '../ports.ts';
import type { ApiLogger } from '../server.ts';
import { clientBodyIn } from './client-body.ts';
import type { NumberRoute } from './graph-route.ts';
import { askGraph, type PassOnOptions, sendAnswered } from './pass-on.ts';
import { readPassedPath } from './passed-path.ts';
import { proxyPaths } from './proxy-paths.ts';
import { GET_SETTINGS, UPDATE_SETTINGS } from './settings-operations.ts';
import { type WholeAnswer, wholeAnswer } from './whole-answer.ts';

export interface SettingsOptions extends PassOnOptions {
  readonly numbers: KnownNumbers;
  readonly settingsMirror: SettingsMirror;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly logger: ApiLogger;
}

type Asking = FastifyRequest<NumberRoute>;

/** A number's settings at Meta (meta-calling.md §2.3): passed on as they are, and kept as far as they concern calls. */
export function settingsRoutes(server: FastifyInstance, options: SettingsOptions): void {
  for (const path of proxyPaths('settings')) {
    server.get<NumberRoute>(path, described(GET_SETTINGS), async (request, reply) => {
      const at = options.now();
      const { answer, value } = await ask(options, request, reply, null);
      if (isDone(answer.status)) await mirror(options, request, value, at);
      return sendAnswered(reply, answer);
    });
    server.post<NumberRoute>(path, described(UPDATE_SETTINGS), async (request, reply) => {
      const at = options.now();
      const body = clientBodyIn(request);
      const { answer, value } = await ask(options, request, reply, Buffer.from(body.json));
      const isTaken = isDone(answer.status) && isObject(value) && value['success'] === true;
      if (isTaken) await mirror(options, request, withoutRestrictions(body.value), at);
      return sendAnswered(reply, answer);
    });
  }
}

async function ask(
  options: SettingsOptions,
  request: Asking,
  reply: FastifyReply,
  body: Buffer | null,
): Promise<WholeAnswer> {
  const phoneNumberId = graphNumber(request, options.numbers, request.params.phoneNumberId);
  const path = readPassedPath(request.raw.url ?? '');
  if (path === null) throw new ApiError('no_such_route', 'Graph has no such path');
  return await wholeAnswer(await askGraph(options, request, reply, path, phoneNumberId, body));
}

/** Graph has said it, whatever becomes of our copy. */
async function mirror(
  { settingsMirror, logger }: SettingsOptions,
  request: Asking,
  settings: unknown,
  at: number,
): Promise<void> {
  if (!isObject(settings) || !isObject(settings['calling'])) return;
  try {
    await settingsMirror.seen(request.params.phoneNumberId, settings['calling'], at);
  } catch (err) {
    logger.error({ err, during: 'keeping the settings of a number' }, 'a part failed');
  }
}

/** Of restrictions Meta alone speaks: it may take a body and leave what is strange in it alone. */
function withoutRestrictions({ calling }: Readonly<Record<string, unknown>>): unknown {
  if (!isObject(calling)) return null;
  const { restrictions: _, ...written } = calling;
  return { calling: written };
}

function isDone(status: number): boolean {
  return status >= 200 && status < 300;
}
