import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { ClaimWatch } from '../claim-watch.ts';
import { DatabaseError } from '../database-error.ts';
import { lockKeys } from './advisory-lock.ts';
import { postgresFault } from './postgres-error.ts';

/** The server may take a moment to see that a process is dead, which a supervisor has started again already. */
const PATIENCE_MS = 2_000;
const ASK_AGAIN_MS = 100;
const TAKE_BACK_EVERY_MS = 1_000;
/** Tells a connection that is dead without a word, and keeps a quiet one from being closed on the way. */
const BEAT_EVERY_MS = 15_000;
const ANSWER_WITHIN_MS = 5_000;

/** If our host dies, the server knows after 25 s, and not after the two hours of most systems. */
const KEEPALIVES = 'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3';

/**
 * Claims a PostgreSQL database: an advisory lock of a session that lives as long as the process. When that session is lost,
 * the service goes on, for its live calls are worth more than the suspicion that another process came in between; the watch
 * is told, and the lock is asked for until it is back.
 *
 * @returns a function that gives it up
 * @throws DatabaseError if another process has it, or the server cannot be reached
 */
export async function claimPostgres(url: string, watch: ClaimWatch): Promise<() => Promise<void>> {
  const claim = new PostgresClaim(url, watch);
  await claim.take();
  return () => claim.giveUp();
}

class PostgresClaim {
  readonly #url: string;
  readonly #watch: ClaimWatch;
  readonly #over = new AbortController();
  #session: Client | null = null;
  #takingBack: Promise<void> | null = null;

  constructor(url: string, watch: ClaimWatch) {
    this.#url = url;
    this.#watch = watch;
  }

  async take(): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const session = await lockedSession(this.#url);
      if (session !== null) return this.#keep(session);
      if (performance.now() > until) throw new DatabaseError(`${TAKEN}; each process needs one of its own.`);
      await sleep(ASK_AGAIN_MS);
    }
  }

  async giveUp(): Promise<void> {
    this.#over.abort();
    await this.#takingBack;
    await this.#session?.end();
  }

  #keep(session: Client): void {
    this.#session = session;
    const beat = setInterval(() => {
      // Ends a session that does not answer; a claim that is given up has ended it by itself.
      session.query('select 1').catch(() => session.end());
    }, BEAT_EVERY_MS);
    session.once('end', () => {
      clearInterval(beat);
      this.#session = null;
      if (!this.#over.signal.aborted) this.#takingBack = this.#takeBack();
    });
  }

  async #takeBack(): Promise<void> {
    this.#watch.onLost?.(new DatabaseError('The claim on the PostgreSQL database was lost with its connection.'));
    let told = false;
    while (await this.#pause()) {
      // Unreachable still, of which the watch knows.
      const session = await lockedSession(this.#url).catch(() => 'unreachable' as const);
      if (session === 'unreachable') continue;
      if (session !== null) {
        this.#keep(session);
        return this.#watch.onBack?.();
      }
      if (!told) this.#watch.onLost?.(new DatabaseError(`${TAKEN}; it has taken over while the connection was lost.`));
      told = true;
    }
  }

  /** False if the claim is given up. */
  async #pause(): Promise<boolean> {
    const { signal } = this.#over;
    await sleep(TAKE_BACK_EVERY_MS, null, { signal }).catch(() => null);
    return !signal.aborted;
  }
}

const TAKEN = 'The PostgreSQL database is in use by another talkwire';

/** Null if another session has the lock. */
async function lockedSession(url: string): Promise<Client | null> {
  const session = new Client({
    connectionString: url,
    application_name: 'talkwire claim',
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    keepAlive: true,
  });
  // The end of the session tells; the event would end the process if nobody listened.
  session.on('error', () => {});
  try {
    await session.connect();
    await session.query(KEEPALIVES);
    const { rows } = await session.query(`select pg_try_advisory_lock(${lockKeys('own')}) as locked`);
    if (rows[0].locked === true) return session;
    await session.end();
    return null;
  } catch (fault) {
    await session.end().catch(() => null);
    throw postgresFault(fault);
  }
}
