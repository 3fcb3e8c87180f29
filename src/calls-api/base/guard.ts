import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Caller, KeyRing, ProjectBook } from '../ports.ts';
import { callerIn } from './api-key.ts';
import { callerOf, opens } from './caller.ts';
import { ApiError } from './errors.ts';
import { GUESSES, type GuessLimit, guessLimit } from './guess-limit.ts';
import type { Operation } from './operation.ts';
import { Turns } from './turns.ts';

export interface GuardOptions {
  readonly keys: KeyRing;
  readonly projects: Pick<ProjectBook, 'get'>;
  /** Requests that one key may make in a second; 0: nothing is limited, wrong keys neither. */
  readonly perSecond: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Lets into the routes of `scope` only who has a key that opens them (base/operation.ts), and not too often. */
export async function guard(scope: FastifyInstance, options: GuardOptions): Promise<void> {
  const { keys, projects, perSecond } = options;
  const limits = perSecond === 0 ? null : await limitsOf(scope, options);
  const admit = limits?.admit ?? admitAny;
  scope.addHook('onRequest', async (request) => {
    const bearer = await admit(request, callerIn(request.headers, keys));
    request.caller = actingIn(request, bearer, projects);
  });
  if (limits !== null) scope.addHook('onRequest', limits.perKey);
  scope.addHook('onRequest', async (request) => {
    demandScope(callerOf(request), request.routeOptions.config.operation);
  });
  const turns = new Turns();
  scope.addHook('onRequest', () => turns.take());
}

async function limitsOf(scope: FastifyInstance, { perSecond, now }: GuardOptions) {
  await scope.register(rateLimit, {
    global: false,
    max: GUESSES.max,
    timeWindow: GUESSES.windowMs,
    errorResponseBuilder: (_request, { ttl }) => new ApiError('rate_limited', undefined, { retryAt: now() + ttl }),
  });
  const perKey = scope.rateLimit({
    max: perSecond,
    timeWindow: 1_000,
    keyGenerator: (request) => callerOf(request).keyId,
  });
  return { admit: guessLimit(scope, now), perKey };
}

const admitAny: GuessLimit = async (_request, bearer) => {
  if (bearer === null) throw new ApiError('unauthorized');
  return bearer;
};

/**
 * A key of the environment acts in the first project, or in the one that `X-Project-Id` names. Any other key has one
 * project, and is told that there is no other.
 */
function actingIn({ headers }: FastifyRequest, bearer: Caller, projects: Pick<ProjectBook, 'get'>): Caller {
  const named = headers['x-project-id'];
  if (named === undefined || named === '' || named === bearer.projectId) return bearer;
  if (!bearer.installation || typeof named !== 'string' || projects.get(named) === null) {
    throw new ApiError('project_not_found', 'X-Project-Id names no project of this key');
  }
  return { ...bearer, projectId: named };
}

function demandScope(caller: Caller, operation: Operation | undefined): void {
  const needed = operation?.scope ?? 'admin';
  if (!opens(caller.scope, needed)) throw new ApiError('forbidden', `This needs a key with the scope ${needed}`);
  if (operation?.installation === true && !caller.installation) {
    throw new ApiError('forbidden', 'This needs a key of the environment (TALKWIRE_API_KEYS)');
  }
}
