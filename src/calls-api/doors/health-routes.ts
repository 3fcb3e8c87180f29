import type { FastifyInstance } from 'fastify';
import type { HealthCheck } from '../ports.ts';

/** The database is asked this often at most, however often this service is; milliseconds. */
const ASK_EVERY_MS = 1_000;
/** A database that has not answered by then is away. */
const PATIENCE_MS = 2_000;

interface Part {
  readonly ok: boolean;
}

/** By name, in the order in which the first that is not well is told as the reason. */
interface Parts {
  readonly drain: Part;
  readonly database: Part;
  readonly claim: Part;
  readonly capacity: Part & { readonly live: number; readonly max: number };
}

const REASONS = {
  drain: 'draining',
  database: 'database_unreachable',
  claim: 'database_not_held',
  capacity: 'at_capacity',
} as const satisfies Record<keyof Parts, string>;

/** Whether the process serves HTTP, and whether a call that comes now would be taken. Without a key, and without data. */
export function healthRoutes(server: FastifyInstance, health: HealthCheck, now: () => number): void {
  const reached = reachability(health, now);

  server.get('/healthz', async () => ({ status: 'ok' }));

  server.get('/readyz', async (_request, reply) => {
    const { live, max } = health.capacity();
    const parts: Parts = {
      drain: { ok: !health.draining() },
      database: { ok: await reached() },
      claim: { ok: health.databaseHeld() },
      capacity: { ok: live < max, live, max },
    };
    const names = Object.keys(REASONS) as (keyof Parts)[];
    const failing = names.find((name) => !parts[name].ok);
    const status = failing === undefined ? 'ready' : 'not ready';
    const reason = failing === undefined ? null : REASONS[failing];
    return reply.code(failing === undefined ? 200 : 503).send({ status, reason, checks: parts });
  });
}

/** Whoever asks together is told together: the route is open to everybody. */
function reachability(health: HealthCheck, now: () => number): () => Promise<boolean> {
  let asked: { readonly at: number; readonly answer: Promise<boolean> } | null = null;
  return () => {
    const at = now();
    if (asked === null || Math.abs(at - asked.at) >= ASK_EVERY_MS) asked = { at, answer: inTime(health) };
    return asked.answer;
  };
}

async function inTime(health: HealthCheck): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), PATIENCE_MS);
  const answer = health.reachDatabase().then(
    () => true,
    () => false,
  );
  const reached = await Promise.race([answer, late.promise]);
  clearTimeout(timer);
  return reached;
}
