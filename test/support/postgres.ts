import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { onTestFinished } from 'vitest';

const SERVER = process.env['TALKWIRE_TEST_POSTGRES'];

if (!SERVER) {
  const missing = 'TALKWIRE_TEST_POSTGRES is not set; scripts/install-postgres.sh starts a server and prints its URL.';
  if (process.env['TALKWIRE_POSTGRES'] === 'required') throw new Error(missing);
  process.stderr.write(`Tests on PostgreSQL are skipped: ${missing}\n`);
}

/** False if there is no server to test on. */
export const hasPostgres = Boolean(SERVER);

/** The URL of an empty database of its own on the server of TALKWIRE_TEST_POSTGRES, gone after the test. */
export async function freshPostgres(): Promise<string> {
  const name = `talkwire_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(SERVER!);
  await atPostgres(url.href, `create database ${name}`);
  onTestFinished(async () => {
    await atPostgres(url.href, `drop database ${name} with (force)`);
  });
  const own = new URL(url);
  own.pathname = `/${name}`;
  return own.href;
}

/** Runs one statement from outside, as an operator would, and gives its rows. */
export async function atPostgres(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
