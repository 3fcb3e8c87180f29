import { describe, expect, it } from 'vitest';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { type GraphApi, graphApi, TOKEN } from '../../support/graph-api.ts';
import { graphRefusal } from '../../support/graph-server.ts';
import { askRaw, jsonOf, type RawRequest } from '../../support/raw-request.ts';

const MEDIA = '1037543291543636';
const ASK = `/meta/whatsapp/v23.0/${MEDIA}?phone_number_id=${PHONE_NUMBER_ID}`;
const SOUND = Buffer.from([79, 103, 103, 83, 0, 255, 128, 10]);
const FILE = { status: 200, headers: { 'content-type': 'audio/ogg' }, body: SOUND };

/** Graph's answer about media, with its odd number and order. */
function about({ graph }: GraphApi, more = ''): { status: number; body: string } {
  const url = `${graph.url}/file?mid=1&hash=A`.replaceAll('/', '\\/');
  return {
    status: 200,
    body: `{"url":"${url}","mime_type":"audio/ogg", "file_size":12345678901234567890,"id":"${MEDIA}"${more}}`,
  };
}

/** As somebody without any key. */
const follow = (api: GraphApi, link: string, sent: RawRequest = {}) => {
  const { pathname, search } = new URL(link);
  return askRaw(api.url, pathname + search, sent);
};

async function linkOf(api: GraphApi): Promise<string> {
  api.graph.answers(about(api));
  const link = jsonOf(await api.ask(ASK)).url;
  api.graph.requests.length = 0;
  return link;
}

describe('media', () => {
  it('have a link of this service in place of one that the number alone can open; every other byte stays', async () => {
    const api = await graphApi();
    const { body } = about(api);
    api.graph.answers(about(api));
    const answer = await api.ask(ASK);
    const { url, download_url: download } = jsonOf(answer);
    expect(url.startsWith(`${api.url}/media/`)).toBe(true);
    expect(download).toBe(url);
    const text = answer.bytes.toString();
    expect(text.slice(text.indexOf(',"mime_type"'))).toBe(body.slice(body.indexOf(',"mime_type"')));
    expect(api.graph.requests).toMatchObject([{ path: `/v23.0/${MEDIA}?phone_number_id=${PHONE_NUMBER_ID}` }]);
  });

  it("have it in place of Kapso's as well", async () => {
    const api = await graphApi();
    api.graph.answers(about(api, ',"download_url":"https://app.kapso.ai/1"'));
    const { url, download_url: download } = jsonOf(await api.ask(ASK));
    expect(download).toBe(url);
  });

  it('are fetched by whoever has the link, with the token of the number, which it does not show', async () => {
    const api = await graphApi();
    const link = await linkOf(api);
    expect(link).not.toContain(TOKEN);
    api.graph.answers(about(api), { ...FILE, headers: { ...FILE.headers, 'content-disposition': 'inline' } });
    const answer = await follow(api, link, { headers: { range: 'bytes=0-', 'user-agent': 'an-application' } });
    expect([answer.status, answer.bytes, answer.headers['content-type']]).toEqual([200, SOUND, 'audio/ogg']);
    expect(answer.headers['content-security-policy']).toContain('sandbox');
    expect(api.graph.requests).toMatchObject([
      { path: `/v23.0/${MEDIA}?phone_number_id=${PHONE_NUMBER_ID}`, headers: { authorization: `Bearer ${TOKEN}` } },
      {
        path: '/file?mid=1&hash=A',
        headers: { authorization: `Bearer ${TOKEN}`, range: 'bytes=0-', 'user-agent': 'an-application' },
      },
    ]);
  });

  it('are not fetched when the time of the link is over', async () => {
    const api = await graphApi();
    const link = await linkOf(api);
    await api.clock.advance(5 * 60_000 - 1);
    api.graph.answers(about(api), FILE);
    expect((await follow(api, link)).status).toBe(200);
    await api.clock.advance(1);
    const answer = await follow(api, link);
    expect([answer.status, jsonOf(answer).error.code]).toEqual([404, 100]);
  });

  it('are not fetched by a link that was changed, or that another service gave out', async () => {
    const api = await graphApi();
    const link = await linkOf(api);
    const foreign = await linkOf(await graphApi());
    const [text, signature] = link.split('.').slice(-2) as [string, string];
    const changed = `${link.slice(0, link.lastIndexOf('/'))}/${Buffer.from('["1","2","3",null,9e15]').toString('base64url')}.${signature}`;
    for (const bad of [
      foreign,
      changed,
      link.slice(0, -2),
      `${link}.${text}`,
      `${api.url}/media/x`,
      `${api.url}/media/.`,
    ]) {
      if (bad.startsWith(`${link}.`)) continue;
      expect([bad, (await follow(api, bad)).status]).toEqual([bad, 404]);
    }
    expect(api.graph.requests).toEqual([]);
  });

  it('are not fetched when the number has gone', async () => {
    const api = await graphApi();
    const link = await linkOf(api);
    await api.database.numbers.remove(PHONE_NUMBER_ID, 2);
    expect((await follow(api, link)).status).toBe(404);
    expect(api.graph.requests).toEqual([]);
  });

  it("that are gone are refused in Graph's words", async () => {
    const api = await graphApi();
    const link = await linkOf(api);
    const refusal = graphRefusal(400, 100, 'No such object');
    api.graph.answers(refusal);
    const answer = await follow(api, link);
    expect([answer.status, jsonOf(answer)]).toEqual([400, refusal.body]);
  });

  it.each(['https://example.com/file', 'http://169.254.169.254/latest/meta-data', 'file:///etc/passwd', 'nothing'])(
    'are not looked for where no media of Meta are: %s',
    async (url) => {
      const api = await graphApi();
      const link = await linkOf(api);
      api.graph.answers({ status: 200, body: { url } }, FILE);
      expect((await follow(api, link)).status).toBe(502);
      expect(api.graph.requests).toHaveLength(1);
    },
  );

  it('are not followed to another place', async () => {
    const api = await graphApi();
    const link = await linkOf(api);
    api.graph.answers(about(api), { status: 302, headers: { location: 'https://example.com' }, body: '' });
    expect((await follow(api, link)).status).toBe(502);
    expect(api.graph.requests).toHaveLength(2);
  });

  it('keep what Graph says of another object, and of a number', async () => {
    const api = await graphApi();
    const body = '{"name": "may_we_call","id":"1"}';
    api.graph.answers({ status: 200, body });
    expect((await api.ask(ASK)).bytes.toString()).toBe(body);
    api.graph.answers({ status: 200, body: '{"url": "https://example.com"}' });
    expect((await api.ask(`/meta/whatsapp/${PHONE_NUMBER_ID}`)).bytes.toString()).toBe(
      '{"url": "https://example.com"}',
    );
  });
});
